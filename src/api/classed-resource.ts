import type { ClassRecord, Cluster } from '../model/cluster.ts'
import { operatorSecret, sameIntent } from '../model/names.ts'
import { filled } from './class-filling.ts'
import type { Ruling } from './governing.ts'
import { type CloudParser, type Parsed, parseResource } from './resource.ts'

type Granted = Extract<Ruling, { kind: 'granted' }>

/**
 * A cluster as its class makes it. Where the class, as it is now, cannot be taken up, the cluster is read by the one before.
 * Throws a ParseError as `parseResource` does.
 */
export function parseClassed(raw: unknown, parseCloud: CloudParser, ruling: Granted): Parsed {
  const { record, before, pending, refusal } = ruling
  const read = (by: ClassRecord, told?: Told): Parsed => {
    const { secret } = ruling
    const credentials = secret === undefined ? undefined : { name: operatorSecret(secret) }
    const view = { record: by, refusal, pending: told }
    return parseResource(raw, parseCloud, { spec: filled(by.spec, by.accepted), view, credentials })
  }
  const now = read(record)
  if (now.kind !== 'valid') return before === undefined ? now : read(before, unfit(record, now))
  if (pending === undefined) return now
  const then = read(pending.record)
  if (then.kind !== 'valid') return read(record, unfit(pending.record, then))
  return read(record, changing(now.resource.cluster, then.resource.cluster, pending))
}

interface Told {
  readonly reason: string
  readonly problem: string
}

const unfit = ({ name }: ClassRecord, parsed: Exclude<Parsed, { kind: 'valid' }>): Told => ({
  reason: 'ClassUnfit',
  problem: `The cluster cannot be as class ${name} is now: ${parsed.kind === 'invalid' ? parsed.problems.join('; ') : `spec.cloud.${parsed.name} is not known`}`,
})

const most = 8

function changing(now: Cluster, then: Cluster, { record, changes }: NonNullable<Granted['pending']>): Told {
  const shown = [
    ...changes.slice(0, most),
    ...(changes.length > most ? [`and ${changes.length - most} more`] : []),
  ]
  const groups = then.groups.filter(
    ({ name, fingerprint }) => now.groups.find(each => each.name === name)?.fingerprint !== fingerprint,
  )
  const replaced = [
    ...groups.map(({ name, replicas }) => `${replicas} workers of ${name} are replaced`),
    ...(sameIntent(now.scheduler.fingerprint, then.scheduler.fingerprint)
      ? []
      : ['the scheduler is new once that is asked for']),
  ]
  const machines = replaced.length === 0 ? 'no machine is replaced' : replaced.join(', ')
  return {
    reason: 'ClassChanged',
    problem: `Class ${record.name} has changed: ${shown.join('; ')}. With that ${machines}. It is taken up once spec.updatePolicy of the class is Always`,
  }
}
