import { type Operation, start } from './operations.ts'
import { type Instance, keyOf, type Project, type Thing } from './world.ts'

/** `gone` is no state of Google's: it is not there any more. */
export function statusOf({ world: { now, tempo } }: Project, instance: Instance): string {
  const { at, deletedAt, stoppedAt, forced } = instance
  if (deletedAt !== undefined) return now() < deletedAt + tempo.endMs ? 'STOPPING' : 'gone'
  if (stoppedAt !== undefined) return now() < stoppedAt + tempo.endMs ? 'STOPPING' : 'TERMINATED'
  if (forced !== undefined) return forced
  if (now() >= at + 2 * tempo.startMs) return 'RUNNING'
  return now() < at + tempo.startMs ? 'PROVISIONING' : 'STAGING'
}

/** Carries out what time has brought: machines whose time is over end, and those that have ended leave. */
export function settle(project: Project): void {
  for (const instance of project.instances.values()) {
    const { mustEndAt, whenEnded } = instance
    if (mustEndAt !== undefined && project.world.now() >= mustEndAt) end(instance, mustEndAt, whenEnded)
    if (statusOf(project, instance) === 'gone') leave(project, instance)
  }
}

function end(instance: Instance, at: number, how: 'DELETE' | 'STOP'): void {
  if (how === 'DELETE') instance.deletedAt ??= at
  else if (instance.deletedAt === undefined) instance.stoppedAt ??= at
}

function leave({ instances, disks }: Project, instance: Instance): void {
  const key = keyOf(instance)
  instances.delete(key)
  for (const disk of disks.values()) {
    if (disk.instance !== key) continue
    if (disk.autoDelete) disks.delete(keyOf(disk))
    else disk.instance = undefined
  }
}

/** The instance of that name in whatever zone. */
export const named = ({ instances }: Project, name: string): Instance | undefined =>
  instances.values().find(each => each.name === name)

/** Google takes a spot machine back, and does with it what its owner has chosen. */
export function preempt(project: Project, name: string): Operation | undefined {
  const instance = named(project, name)
  if (instance === undefined) return undefined
  end(instance, project.world.now(), instance.whenEnded)
  return system(project, instance, 'compute.instances.preempted')
}

/** From outside, as its owner would delete it, or as it would shut itself down. */
export function endInstance(project: Project, name: string, how: 'DELETE' | 'STOP' = 'DELETE'): void {
  const instance = named(project, name)
  if (instance === undefined) return
  end(instance, project.world.now(), how)
  system(project, instance, how === 'DELETE' ? 'delete' : 'compute.instances.guestTerminate')
}

const system = (project: Project, instance: Instance, type: string): Operation =>
  start(project, { scope: instance.scope, type, user: 'system', target: ['instances', instance] })

/** Everything that still costs money or clutters the project: `instances/NAME` and so on. */
export function leftIn(project: Project): readonly string[] {
  settle(project)
  const { instances, disks, addresses, firewalls } = project
  return Object.entries({ instances, disks, addresses, firewalls }).flatMap(([collection, things]) =>
    [...things.values()].map(({ name }: Thing) => `${collection}/${name}`),
  )
}
