import { createHash } from 'node:crypto'
import { type Act, labelsIn, textIn } from './asks.ts'
import { GceFailure, inUse, invalidField, notFound, notReady } from './failure.ts'
import { statusOf } from './lives.ts'
import { freeIp, holderOf, usersOf } from './networks.ts'
import { once, operationJson, start } from './operations.ts'
import type { Wish } from './wishes.ts'
import {
  born,
  type Disk,
  head,
  type Instance,
  type Json,
  keyOf,
  linkTo,
  type Nic,
  type Project,
  pathOf,
  time,
} from './world.ts'

/** Makes the machine with all that comes with it. */
export function create(project: Project, wish: Wish, zone: string, name: string): Instance {
  const scope = `zones/${zone}`
  const { isSpot, whenEnded, maxRunMs, json: scheduling } = wish.schedule
  const thing = born(project, scope, name)
  const instance: Instance = {
    ...thing,
    machineType: wish.machineType,
    nic: nicOf(project, wish),
    given: { ...wish.given, scheduling },
    isSpot,
    whenEnded,
    mustEndAt: maxRunMs === undefined ? undefined : thing.at + maxRunMs,
    labels: wish.labels,
    labelRound: 0,
    console: '',
    deletedAt: undefined,
    stoppedAt: undefined,
    forced: undefined,
  }
  project.instances.set(keyOf(instance), instance)
  project.disks.set(keyOf(instance), {
    ...born(project, scope, name),
    ...wish.disk,
    instance: keyOf(instance),
  })
  return instance
}

function nicOf(project: Project, { placed, ip, natIp }: Wish): Nic {
  const { home, network, subnetwork } = placed
  return {
    network: `projects/${home.name}/global/networks/${network.name}`,
    subnetwork: `projects/${home.name}/${subnetwork.scope}/subnetworks/${subnetwork.name}`,
    ip: ip ?? freeIp(home, subnetwork),
    natIp: natIp === '' ? project.world.publicIp(project.world.next()) : natIp,
  }
}

/** Throws where the addresses that it asks for by themselves are somebody's. */
export function refuseTaken(project: Project, { placed, ip, natIp }: Wish): void {
  if (ip !== undefined) {
    const holder = holderOf(placed.home, placed.subnetwork, ip)
    if (holder !== undefined && ('machineType' in holder || usersOf(project, holder).length > 0))
      throw new GceFailure(400, 'invalid', `IP '${ip}' is already being used by another resource.`)
  }
  if (natIp === undefined || natIp === '') return
  const address = project.addresses.values().find(each => each.kind === 'EXTERNAL' && each.address === natIp)
  if (address === undefined)
    throw invalidField('accessConfigs[0].natIP', natIp, 'The specified external IP address was not found.')
  const user = usersOf(project, address)[0]
  if (user !== undefined)
    throw inUse(`address '${pathOf(project, 'addresses', address)}'`, pathOf(project, 'instances', user))
}

export function instanceJson(project: Project, instance: Instance): Json {
  const { given, scope, machineType, nic, labels, at, stoppedAt } = instance
  const status = statusOf(project, instance)
  const here = `projects/${project.name}/${scope}`
  return {
    ...head(project, 'instances', instance, 'instance'),
    ...given,
    machineType: linkTo(`${here}/machineTypes/${machineType}`),
    zone: linkTo(here),
    status,
    cpuPlatform: status === 'PROVISIONING' ? 'Unknown CPU Platform' : 'Intel Broadwell',
    labels,
    labelFingerprint: fingerprint(instance),
    networkInterfaces: [nicJson(nic, status)],
    disks: disksOf(project, instance).map(each => attached(project, each)),
    deletionProtection: false,
    startRestricted: false,
    fingerprint: fingerprint(instance),
    lastStartTimestamp: time(at),
    ...(stoppedAt === undefined ? {} : { lastStopTimestamp: time(stoppedAt) }),
  }
}

/** It has the machine's own name and place. */
function disksOf({ disks }: Project, instance: Instance): readonly Disk[] {
  const disk = disks.get(keyOf(instance))
  return disk?.instance === keyOf(instance) ? [disk] : []
}

const fingerprint = ({ seq, labelRound }: Instance): string =>
  createHash('sha256').update(`${seq} ${labelRound}`).digest().subarray(0, 8).toString('base64')

/** A stopped machine keeps its address inside, and has none outside. */
const nicJson = ({ network, subnetwork, ip, natIp }: Nic, status: string): Json => ({
  kind: 'compute#networkInterface',
  name: 'nic0',
  network: linkTo(network),
  subnetwork: linkTo(subnetwork),
  networkIP: ip,
  stackType: 'IPV4_ONLY',
  fingerprint: '42WmSpB8rSM=',
  ...(natIp === undefined
    ? {}
    : {
        accessConfigs: [
          {
            kind: 'compute#accessConfig',
            type: 'ONE_TO_ONE_NAT',
            name: 'External NAT',
            networkTier: 'PREMIUM',
            ...(status === 'TERMINATED' ? {} : { natIP: natIp }),
          },
        ],
      }),
})

const attached = (project: Project, disk: Disk): Json => ({
  kind: 'compute#attachedDisk',
  type: 'PERSISTENT',
  mode: 'READ_WRITE',
  source: linkTo(pathOf(project, 'disks', disk)),
  deviceName: disk.deviceName,
  index: 0,
  boot: true,
  autoDelete: disk.autoDelete,
  interface: 'SCSI',
  diskSizeGb: String(disk.sizeGb),
})

export function diskJson(project: Project, disk: Disk): Json {
  const user = disk.instance === undefined ? undefined : project.instances.get(disk.instance)
  return {
    ...head(project, 'disks', disk, 'disk'),
    zone: linkTo(`projects/${project.name}/${disk.scope}`),
    type: linkTo(`projects/${project.name}/${disk.scope}/diskTypes/${disk.type}`),
    sizeGb: String(disk.sizeGb),
    status: 'READY',
    sourceImage: linkTo(disk.image),
    ...(user === undefined ? {} : { users: [linkTo(pathOf(project, 'instances', user))] }),
    ...(disk.kmsKey === undefined ? {} : { diskEncryptionKey: { kmsKeyName: disk.kmsKey } }),
  }
}

/** The machine that a request is about. */
export function instanceOf({ project, scope, name }: Parameters<Act>[0]): Instance {
  const found = project.instances.get(`${scope}/${name}`)
  if (found === undefined) throw notFound(pathOf(project, 'instances', { scope, name }))
  return found
}

/** It is gone when the operation is done. */
export const deleteInstance: Act = ask =>
  changeInstance(ask, 'delete', instance => {
    if (!ask.project.immortal.has(instance.name)) instance.deletedAt ??= ask.world.now()
  })

export const stopInstance: Act = ask =>
  changeInstance(ask, 'stop', instance => {
    if (instance.deletedAt === undefined) instance.stoppedAt ??= ask.world.now()
  })

export const setLabels: Act = ask =>
  changeInstance(ask, 'setLabels', instance => {
    if (textIn(ask.body, 'labelFingerprint', 'resource') !== fingerprint(instance))
      throw new GceFailure(
        412,
        'conditionNotMet',
        'Labels fingerprint either invalid or resource labels have changed',
      )
    instance.labels = labelsIn(ask.body, 'resource')
    instance.labelRound += 1
  })

export function changeInstance(
  ask: Parameters<Act>[0],
  type: string,
  act: (instance: Instance) => void,
): Json {
  const { project, scope, name, query, body, by } = ask
  const operation = once(project, { id: query.get('requestId'), asked: [type, scope, name, body] }, () => {
    const instance = instanceOf(ask)
    act(instance)
    const target = ['instances', instance] as const
    const lasts = type === 'setLabels' ? {} : { lastsMs: project.world.tempo.endMs }
    return start(project, { scope, type, user: by.email, target, ...lasts })
  })
  return operationJson(project, operation)
}

export const serialPort: Act = ask => {
  const instance = instanceOf(ask)
  const { project, query } = ask
  const path = pathOf(project, 'instances', instance)
  if (['PROVISIONING', 'TERMINATED'].includes(statusOf(project, instance))) throw notReady(path)
  const from = Number(query.get('start') ?? 0)
  return {
    kind: 'compute#serialPortOutput',
    contents: instance.console.slice(from),
    start: String(from),
    next: String(instance.console.length),
    selfLink: linkTo(`${path}/serialPort`),
  }
}

export const deleteDisk: Act = ({ project, scope, name, by }) => {
  const path = pathOf(project, 'disks', { scope, name })
  const disk = project.disks.get(`${scope}/${name}`)
  if (disk === undefined) throw notFound(path)
  if (disk.instance !== undefined) throw inUse(`disk '${path}'`, `projects/${project.name}/${disk.instance}`)
  project.disks.delete(`${scope}/${name}`)
  return operationJson(
    project,
    start(project, { scope, type: 'delete', user: by.email, target: ['disks', disk] }),
  )
}
