import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Cloud, LaunchRequest, Listing, NetworkWish, Owner } from '../../src/clouds/contract.ts'
import { poll } from '../../src/lib/wait.ts'
import { CloudError } from '../../src/model/faults.ts'
import { isAlive, type Machine, type ReservedAddress, type ReservedNetwork } from '../../src/model/machine.ts'
import { type MachineId, machineId, type Role } from '../../src/model/names.ts'
import { aLaunchRequest, anOwner } from '../support/launch-request.ts'

/** A cloud under test, with what only its own world can tell. */
export interface Subject {
  readonly cloud: Cloud
  /** The same world seen by an operator that was started anew: no memory of the first one. */
  restarted(): Promise<Cloud>
  /** The same world seen by another installation of the operator. */
  stranger(): Promise<Cloud>
  /** What a machine of the suite runs; it need not do anything. */
  userData(role: Role): string
  offering: string
  /** What a launch of a worker needs to be given, where it needs any. */
  address?(owner: Owner): LaunchRequest['address']
  [Symbol.asyncDispose](): Promise<void>
}

const patience = { signal: AbortSignal.timeout(120_000) }

/** The promises of `src/clouds/contract.ts`, asked of a cloud. Every cloud passes this before anything else of it is read. */
export function holdsTheContract(name: string, open: () => Promise<Subject>): void {
  describe(`${name} holds the contract`, () => {
    let subject: Subject
    beforeAll(async () => {
      subject = await open()
    })
    afterAll(async () => subject[Symbol.asyncDispose]())

    test('a launch makes as many machines as asked, listed with all their tags', async () => {
      const request = aRequest(subject, { count: 2 })
      const { machines } = await subject.cloud.launch(request, patience)
      expect(new Set(machines).size).toBe(2)
      const listed = await listedAs(subject.cloud, machines)
      for (const machine of listed) expect(tagsOf(machine)).toEqual(tagsOfRequest(request))
      await end(subject.cloud, machines)
    })

    test('the same token means the same machines, also to an operator that was started anew', async () => {
      const request = aRequest(subject, { count: 1 })
      const first = await subject.cloud.launch(request, patience)
      const again = await subject.cloud.launch(request, patience)
      const other = await subject.restarted()
      const anew = await other.launch(request, patience)
      expect([again.machines, anew.machines]).toEqual([first.machines, first.machines])
      await listedAs(other, first.machines)
      const { machines } = await other.list(patience)
      expect(machines.filter(each => each.launch === request.launch && isAlive(each))).toHaveLength(1)
      await other.close()
      await end(subject.cloud, first.machines)
    })

    test('machines of another installation are neither listed nor ended', async () => {
      const theirs = await subject.stranger()
      const { machines } = await theirs.launch(aRequest(subject, { count: 1 }), patience)
      await listedAs(theirs, machines)
      await subject.cloud.terminate(machines, patience)
      const ours = await subject.cloud.list(patience)
      expect(ours.machines.filter(({ id }) => machines.includes(id))).toEqual([])
      const kept = await theirs.list(patience)
      expect(kept.machines.filter(each => machines.includes(each.id) && isAlive(each))).toHaveLength(1)
      await end(theirs, machines)
      await theirs.close()
    })

    test('ending what is gone, or never was, succeeds', async () => {
      const { machines } = await subject.cloud.launch(aRequest(subject, { count: 1 }), patience)
      await listedAs(subject.cloud, machines)
      await end(subject.cloud, machines)
      await expect(
        subject.cloud.terminate([...machines, machineId('never-was')], patience),
      ).resolves.toBeUndefined()
    })

    test('the scheduler keeps its address from one machine to the next', async () => {
      if (!subject.cloud.promises.stableAddress) return
      const owner = anOwner()
      const address = requireAddress(await subject.cloud.reserveAddress(networkOf(owner), patience))
      expect(await subject.cloud.reserveAddress(networkOf(owner), patience)).toEqual(address)
      expect(await addressesOf(subject.cloud, owner)).toEqual([address])
      for (const seq of [3, 4]) {
        const request = aRequest(subject, { count: 1, role: 'scheduler', owner, address, seq })
        const { machines } = await subject.cloud.launch(request, patience)
        const [machine] = await running(subject.cloud, machines)
        expect(machine?.state).toEqual({
          kind: 'running',
          addresses: { internal: address.internal, external: address.external },
        })
        await end(subject.cloud, machines)
      }
      await subject.cloud.releaseAddress(owner.uid, patience)
      await subject.cloud.releaseAddress(owner.uid, patience)
      expect(await addressesOf(subject.cloud, owner)).toEqual([])
    })

    test('where no address is kept, a network is made before any machine, and goes when it is released', async () => {
      if (subject.cloud.promises.keepsNetwork !== true) return
      const owner = anOwner()
      const made = await subject.cloud.reserveAddress(networkOf(owner), patience)
      expect(await subject.cloud.reserveAddress(networkOf(owner), patience)).toEqual(made)
      expect(await addressesOf(subject.cloud, owner)).toEqual([made])
      await subject.cloud.releaseAddress(owner.uid, patience)
      await subject.cloud.releaseAddress(owner.uid, patience)
      expect(await addressesOf(subject.cloud, owner)).toEqual([])
    })

    test('a firewall of ours lets through to the dashboard whom it is to, and nobody any more', async () => {
      const owner = anOwner()
      const viewers = ['198.51.100.0/24', '2001:db8::/32']
      const shut = await subject.cloud.reserveAddress(networkOf(owner), patience)
      if (shut.admitted === undefined) return subject.cloud.releaseAddress(owner.uid, patience)
      const opened = await subject.cloud.reserveAddress({ ...networkOf(owner), viewers }, patience)
      expect(opened).toEqual({ ...shut, viewers })
      expect(await addressesOf(subject.cloud, owner)).toEqual([opened])
      expect(await subject.cloud.reserveAddress(networkOf(owner), patience)).toEqual(shut)
      await subject.cloud.releaseAddress(owner.uid, patience)
    })

    test('addresses of another installation are neither listed nor released', async () => {
      const theirs = await subject.stranger()
      const owner = anOwner()
      await theirs.reserveAddress(networkOf(owner), patience)
      expect(await addressesOf(subject.cloud, owner)).toEqual([])
      await subject.cloud.releaseAddress(owner.uid, patience)
      expect(await addressesOf(theirs, owner)).toHaveLength(1)
      await theirs.releaseAddress(owner.uid, patience)
      await theirs.close()
    })

    test('a call whose signal is aborted ends at once, and in a word we know', async () => {
      const stopped = { signal: AbortSignal.abort(new Error('stopped')) }
      await expect(subject.cloud.list(stopped)).rejects.toBeInstanceOf(CloudError)
      await expect(subject.cloud.launch(aRequest(subject, { count: 1 }), stopped)).rejects.toBeInstanceOf(
        CloudError,
      )
    })

    test('nothing is left', async () => {
      const { machines, addresses, networks = [] } = await subject.cloud.list(patience)
      const kept = [...addresses, ...networks]
      expect({ machines: machines.filter(isAlive), kept }).toEqual({ machines: [], kept: [] })
    })
  })
}

interface Wish {
  readonly count: number
  readonly role?: Role
  readonly owner?: Owner
  readonly address?: LaunchRequest['address']
  readonly seq?: number
}

const aRequest = (
  subject: Subject,
  { role = 'worker', owner = anOwner(), address, ...wish }: Wish,
): LaunchRequest =>
  aLaunchRequest({
    role,
    owner,
    offering: subject.offering,
    userData: subject.userData(role),
    address: address ?? subject.address?.(owner),
    ...wish,
  })

const networkOf = (owner: Owner): NetworkWish => ({ owner, exposure: 'Public', admitted: ['203.0.113.0/24'] })

const tagsOf = ({ owner, key, role, group, launch, seq, fingerprint: print }: Machine) => ({
  owner,
  key,
  role,
  group,
  launch,
  seq,
  print,
})

const tagsOfRequest = ({ owner, role, group, launch, seq, fingerprint: print }: LaunchRequest) => ({
  owner: owner.uid,
  key: owner.key,
  role,
  group,
  launch,
  seq,
  print,
})

/** New machines may be hidden from lists for a while; all of them must show in the end. */
function listedAs(cloud: Cloud, machines: readonly MachineId[]): Promise<readonly Machine[]> {
  return seen(cloud, machines, found => found.length === machines.length)
}

function running(cloud: Cloud, machines: readonly MachineId[]): Promise<readonly Machine[]> {
  return seen(
    cloud,
    machines,
    found => found.length === machines.length && found.every(({ state }) => state.kind === 'running'),
  )
}

async function end(cloud: Cloud, machines: readonly MachineId[]): Promise<void> {
  await cloud.terminate(machines, patience)
  await seen(cloud, machines, found => found.every(({ state }) => state.kind === 'gone'))
}

function seen(
  cloud: Cloud,
  ids: readonly MachineId[],
  isSo: (found: readonly Machine[]) => boolean,
): Promise<readonly Machine[]> {
  return poll(
    async () => {
      const { machines }: Listing = await cloud.list(patience)
      const found = machines.filter(({ id }) => ids.includes(id))
      return isSo(found) ? found : undefined
    },
    100,
    patience,
  )
}

/** Or networks, where no address is kept. */
async function addressesOf(cloud: Cloud, { uid }: Owner): Promise<readonly ReservedNetwork[]> {
  const { addresses, networks = [] } = await cloud.list(patience)
  return [...addresses, ...networks].filter(({ owner }) => owner === uid)
}

function requireAddress(made: ReservedAddress | ReservedNetwork): ReservedAddress {
  if ('internal' in made) return made
  throw new Error('a cloud that keeps addresses has made none')
}
