import { listAt, reach, recordAt } from '../lib/reach.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * The spec of a cluster with what its class says where it says nothing itself, as a user without a class would have written
 * it. Both are as the API server has them. The credentials are not in it: they are not the user's to name.
 */
export function filled(classSpec: unknown, spec: unknown): Fields {
  const { className: _className, ...own } = recordAt(spec, [])
  const defaults = recordAt(classSpec, ['defaults'])
  const workers = recordAt(defaults, ['workers'])
  const { workerGroups } = own
  return {
    ...own,
    cloud: reach(classSpec, ['cloud']),
    ...given('software', software(recordAt(defaults, ['software']), recordAt(own, ['software']))),
    scheduler: withEnv(recordAt(defaults, ['scheduler']), recordAt(own, ['scheduler'])),
    workers: withEnv(workers, recordAt(own, ['workers'])),
    ...(Array.isArray(workerGroups)
      ? { workerGroups: workerGroups.map(group => withEnv(workers, recordAt(group, []))) }
      : {}),
    network: network(recordAt(defaults, ['network']), recordAt(own, ['network'])),
    ...given('lifetime', { ...recordAt(defaults, ['lifetime']), ...recordAt(own, ['lifetime']) }),
  }
}

/** The cluster's own source takes the place of the class's; the rest is added. */
function software(theirs: Fields, own: Fields): Fields {
  const { image, python, ...others } = theirs
  const hasOwn = reach(own, ['image']) !== undefined || reach(own, ['python']) !== undefined
  const source = { ...(image === undefined ? {} : { image }), ...(python === undefined ? {} : { python }) }
  const all = {
    ...(hasOwn ? {} : source),
    ...withEnv(others, own),
    ...given('files', both(theirs, own, 'files')),
    ...given('setup', both(theirs, own, 'setup')),
  }
  const hasSource = reach(all, ['image']) !== undefined || reach(all, ['python']) !== undefined
  return hasSource || Object.keys(all).length === 0 ? all : { ...all, python: {} }
}

const network = (theirs: Fields, own: Fields): Fields => ({
  ...theirs,
  ...own,
  ...given('allowedCIDRs', [...new Set(both(theirs, own, 'allowedCIDRs'))]),
})

const withEnv = (theirs: Fields, own: Fields): Fields => ({
  ...theirs,
  ...own,
  ...given('env', { ...recordAt(theirs, ['env']), ...recordAt(own, ['env']) }),
})

const both = (theirs: Fields, own: Fields, name: string): readonly unknown[] => [
  ...listAt(theirs, [name]),
  ...listAt(own, [name]),
]

/** A member, unless there is nothing in it. */
const given = (name: string, value: object): Fields =>
  Object.keys(value).length === 0 ? {} : { [name]: value }

/** What of two specs differs, by field: `spec.workers.sizes: ["a"] -> ["b"]`. Lists are told whole. */
export function differences(before: unknown, after: unknown, path = 'spec'): readonly string[] {
  if (isFields(before) && isFields(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted()
    return names.flatMap(name => differences(before[name], after[name], `${path}.${name}`))
  }
  const [was, is] = [shown(before), shown(after)]
  return was === is ? [] : [`${path}: ${was} -> ${is}`]
}

const isFields = (raw: unknown): raw is Fields =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw)

function shown(raw: unknown): string {
  const text = raw === undefined ? 'nothing' : JSON.stringify(raw)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
