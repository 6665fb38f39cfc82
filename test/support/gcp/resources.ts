import { isIn, regionOf } from './catalog.ts'
import { diskJson, instanceJson } from './instances.ts'
import { statusOf } from './lives.ts'
import { addressJson, firewallJson, networkJson, subnetworkJson } from './networks.ts'
import { operationJson } from './operations.ts'
import { usageOf } from './quotas.ts'
import { head, type Json, linkTo, type Project, type Scope, type Thing, time } from './world.ts'

/** What lists and gets show. */
export interface Shown {
  readonly scope: Scope
  readonly name: string
  /** Read when it is shown. */
  readonly json: () => Json
  /** Lists know it by now. */
  readonly isListed: boolean
}

/** Every collection there is to look at. */
export const resources: Readonly<Record<string, (project: Project) => readonly Shown[]>> = {
  instances: project =>
    [...project.instances.values()]
      .filter(each => statusOf(project, each) !== 'gone')
      .map(each => ({
        ...shown(each, () => instanceJson(project, each)),
        isListed: isDue(project, each, 'lagMs') && !project.hidden.has(each.name),
      })),
  disks: project => [...project.disks.values()].map(each => shown(each, () => diskJson(project, each))),
  addresses: project =>
    [...project.addresses.values()].map(each => ({
      ...shown(each, () => addressJson(project, each)),
      isListed: isDue(project, each, 'networkLagMs'),
    })),
  firewalls: project =>
    [...project.firewalls.values()].map(each => ({
      ...shown(each, () => firewallJson(project, each)),
      isListed: isDue(project, each, 'networkLagMs'),
    })),
  networks: project =>
    [...project.networks.values()].map(each => shown(each, () => networkJson(project, each))),
  subnetworks: project =>
    [...project.subnetworks.values()].map(each => shown(each, () => subnetworkJson(project, each))),
  operations: project =>
    [...project.operations.values()].map(each => shown(each, () => operationJson(project, each))),
  zones: project =>
    zonesOf(project).map(name => shown(always(name, 'global'), () => zoneJson(project, name))),
  regions: project =>
    [...project.catalog.regions.keys()].map(name =>
      shown(always(name, 'global'), () => regionJson(project, name)),
    ),
  machineTypes: project => zonesOf(project).flatMap(zone => machineTypesIn(project, zone)),
  acceleratorTypes: project =>
    zonesOf(project).flatMap(zone =>
      [...project.catalog.accelerators].map(name => {
        const thing = always(name, `zones/${zone}`)
        return shown(thing, () => ({ ...head(project, 'acceleratorTypes', thing, 'acceleratorType'), zone }))
      }),
    ),
  images: project =>
    [...project.catalog.images.values()]
      .filter(each => each.project === project.name)
      .map(image => {
        const thing = { ...always(image.name, 'global'), seq: image.seq }
        return shown(thing, () => ({
          ...head(project, 'images', thing, 'image'),
          family: image.family,
          architecture: image.architecture,
          diskSizeGb: String(image.diskSizeGb),
          status: 'READY',
          ...(image.isDeprecated === true ? { deprecated: { state: 'DEPRECATED' } } : {}),
        }))
      }),
}

const shown = ({ scope, name }: Pick<Thing, 'scope' | 'name'>, json: () => Json): Shown => ({
  scope,
  name,
  json,
  isListed: true,
})

const isDue = ({ world: { now, tempo } }: Project, { at }: Thing, lag: 'lagMs' | 'networkLagMs'): boolean =>
  now() >= at + tempo[lag]

/** A thing that was there before everything else. */
const always = (name: string, scope: Scope): Thing => ({ seq: 0, at: 0, name, scope })

export const zonesOf = ({ catalog }: Project): readonly string[] => [...catalog.regions.values()].flat()

const machineTypesIn = (project: Project, zone: string): readonly Shown[] =>
  [...project.catalog.machineTypes]
    .filter(([, type]) => isIn(type, zone))
    .map(([name, { cpus, memoryMb, architecture, accelerators }]) => {
      const thing = always(name, `zones/${zone}`)
      return shown(thing, () => ({
        ...head(project, 'machineTypes', thing, 'machineType'),
        guestCpus: cpus,
        memoryMb,
        architecture,
        zone,
        isSharedCpu: name === 'e2-small',
        ...(accelerators === undefined
          ? {}
          : {
              accelerators: [
                { guestAcceleratorType: accelerators.type, guestAcceleratorCount: accelerators.count },
              ],
            }),
      }))
    })

const zoneJson = (project: Project, name: string): Json => ({
  ...place('zone', project, name),
  region: linkTo(`projects/${project.name}/regions/${regionOf(name)}`),
})

const regionJson = (project: Project, name: string): Json => ({
  ...place('region', project, name),
  zones: (project.catalog.regions.get(name) ?? []).map(zone =>
    linkTo(`projects/${project.name}/zones/${zone}`),
  ),
  quotas: usageOf(project, name),
})

const place = (kind: 'zone' | 'region', project: Project, name: string): Json => ({
  kind: `compute#${kind}`,
  id: '1000',
  creationTimestamp: time(0),
  name,
  description: name,
  status: 'UP',
  selfLink: linkTo(`projects/${project.name}/${kind}s/${name}`),
})
