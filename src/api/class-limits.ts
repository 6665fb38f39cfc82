import { readDuration } from '../lib/duration.ts'
import { canonical } from '../lib/fingerprint.ts'
import { type LabelSelector, selects } from '../lib/label-selector.ts'
import { numberAt, reach } from '../lib/reach.ts'
import {
  type Asked,
  celHas,
  groupsIn,
  type Limit,
  newGroups,
  oldGroups,
  values,
  valuesInGroups,
} from './class-limit.ts'
import { classSpec } from './class-schema.ts'

/** Workers of all groups that a cluster asks for. */
export const workersIn = (spec: unknown): number =>
  [reach(spec, ['workers']), ...groupsIn(spec)].reduce<number>(
    (sum, group) => sum + (numberAt(group, ['replicas']) ?? 1),
    0,
  )

const celWorkers = (root: string, groups: string): string =>
  `([has(${root}.workers) && has(${root}.workers.replicas) ? ${root}.workers.replicas : 1] + ${groups}.map(g, has(g.replicas) ? g.replicas : 1)).sum()`
const celAsked = celWorkers('object.spec', newGroups)
const celGrows = `(oldObject == null || ${celAsked} > ${celWorkers('oldObject.spec', oldGroups)})`
const grows = ({ spec, before }: Asked): boolean =>
  before === undefined || workersIn(spec) > workersIn(before)

/** Who is not let in any more may go on with what they have. */
function namespaceLimit(): Limit {
  const labels = '(has(namespaceObject.metadata.labels) ? namespaceObject.metadata.labels : {})'
  const chosen = 'params.spec.namespaces'
  const isIn = `(e.key in ${labels} && ${labels}[e.key] in e.values)`
  const isMet = `(e.operator == 'In' ? ${isIn} : e.operator == 'NotIn' ? !${isIn} : e.operator == 'Exists' ? e.key in ${labels} : !(e.key in ${labels}))`
  const isSelected =
    `has(${chosen}) && (!has(${chosen}.matchLabels) || ${chosen}.matchLabels.all(k, k in ${labels} && ${labels}[k] == ${chosen}.matchLabels[k]))` +
    ` && (!has(${chosen}.matchExpressions) || ${chosen}.matchExpressions.all(e, ${isMet}))`
  return {
    cel: `(${isSelected}) || !${celGrows} ? [] : ['metadata.namespace: ' + object.metadata.namespace + ' is not one of the namespaces of class ' + params.metadata.name]`,
    beyond: asked =>
      isAdmitted(asked.allowed, asked.namespace.labels) || !grows(asked)
        ? []
        : [
            `metadata.namespace: ${asked.namespace.name} is not one of the namespaces of class ${asked.className}`,
          ],
  }
}

/** None is, where the class does not say which. */
function isAdmitted(allowed: unknown, labels: Asked['namespace']['labels']): boolean {
  const selector: LabelSelector | undefined = classSpec.read(allowed, 'spec').namespaces
  return selector !== undefined && selects(selector, labels)
}

function workersLimit(field: string, path: readonly string[]): Limit {
  const most = ['params.spec', ...path].join('.')
  const isBeyond = `${celHas('params.spec', path)} && ${celAsked} > ${most} && ${celGrows}`
  return {
    cel: `${isBeyond} ? ['spec.workers.replicas: ' + string(${celAsked}) + ' workers in all groups are beyond ${field} of class ' + params.metadata.name + ', which is ' + string(${most})] : []`,
    beyond(asked) {
      const [found, allowed] = [workersIn(asked.spec), numberAt(asked.allowed, path)]
      if (allowed === undefined || found <= allowed || !grows(asked)) return []
      return [
        `spec.workers.replicas: ${found} workers in all groups are beyond ${field} of class ${asked.className}, which is ${allowed}`,
      ]
    },
  }
}

function groupsLimit(): Limit {
  const most = 'params.spec.overrides.maxGroups'
  return {
    cel: `${newGroups}.size() > ${most} && ${newGroups}.size() > ${oldGroups}.size() ? ['spec.workerGroups: ' + string(${newGroups}.size()) + ' groups are beyond class ' + params.metadata.name + ', which allows ' + string(${most})] : []`,
    beyond({ className, allowed, spec, before }) {
      const [found, were] = [groupsIn(spec).length, groupsIn(before).length]
      const maxGroups = numberAt(allowed, ['overrides', 'maxGroups']) ?? 0
      if (found <= maxGroups || found <= were) return []
      return [`spec.workerGroups: ${found} groups are beyond class ${className}, which allows ${maxGroups}`]
    },
  }
}

/** What a cluster may have at all, or not; what it has already stays. */
function flagLimit(path: readonly string[], override: string): Limit {
  const place = `spec.${path.join('.')}`
  const [now, was] = [['object.spec', ...path].join('.'), ['oldObject.spec', ...path].join('.')]
  const isOld = `oldObject != null && ${celHas('oldObject.spec', path)} && ${was} == ${now}`
  return {
    cel: `${celHas('object.spec', path)} && !params.spec.overrides.${override} && !(${isOld}) ? ['${place} is beyond class ' + params.metadata.name + ', whose overrides.${override} is false'] : []`,
    beyond({ className, allowed, spec, before }) {
      const found = reach(spec, path)
      if (found === undefined || reach(allowed, ['overrides', override]) === true) return []
      if (canonical(found) === canonical(reach(before, path))) return []
      return [`${place} is beyond class ${className}, whose overrides.${override} is false`]
    },
  }
}

/** It cannot change afterwards: only a new cluster can ask for it. */
function plainLimit(): Limit {
  const path = ['security', 'tls', 'mode'] as const
  return {
    cel: `oldObject == null && ${celHas('object.spec', path)} && object.spec.security.tls.mode == 'Disabled' && !params.spec.overrides.plainTraffic ? ['spec.security.tls.mode: Disabled is beyond class ' + params.metadata.name + ', whose overrides.plainTraffic is false'] : []`,
    beyond({ className, allowed, spec, before }) {
      const isPlain = before === undefined && reach(spec, path) === 'Disabled'
      if (!isPlain || reach(allowed, ['overrides', 'plainTraffic']) === true) return []
      return [
        `spec.security.tls.mode: Disabled is beyond class ${className}, whose overrides.plainTraffic is false`,
      ]
    },
  }
}

/** A cluster may end sooner than the class says, and not later. */
function lifetimeLimit(name: 'idleTimeout' | 'ttl'): Limit {
  const path = ['lifetime', name]
  const [now, was, most] = ['object.spec', 'oldObject.spec', 'params.spec.defaults'].map(root =>
    [root, ...path].join('.'),
  )
  const isOld = `oldObject != null && ${celHas('oldObject.spec', path)} && duration(${now}) <= duration(${was})`
  return {
    cel:
      `${celHas('object.spec', path)} && ${celHas('params.spec.defaults', path)} && duration(${now}) > duration(${most}) && !(${isOld})` +
      ` ? ['spec.lifetime.${name}: ' + ${now} + ' is beyond class ' + params.metadata.name + ', which allows at most ' + ${most}] : []`,
    beyond({ className, allowed, spec, before }) {
      const [found, limit, old] = [
        reach(spec, path),
        reach(allowed, ['defaults', ...path]),
        reach(before, path),
      ]
      if (typeof found !== 'string' || typeof limit !== 'string' || ms(found) <= ms(limit)) return []
      if (typeof old === 'string' && ms(found) <= ms(old)) return []
      return [`spec.lifetime.${name}: ${found} is beyond class ${className}, which allows at most ${limit}`]
    },
  }
}

const ms = (written: string): number => readDuration(written) ?? Number.NaN

const listed = 'listed'
const sizes = {
  path: ['sizes'],
  form: 'list',
  how: listed,
  overrides: 'workerSizes',
  own: { path: ['workers', 'sizes'], form: 'list' },
} as const
const purchasing = {
  path: ['purchasing'],
  form: 'text',
  how: listed,
  overrides: 'purchasing',
  own: { path: ['workers', 'purchasing'], form: 'text', otherwise: 'OnDemand' },
} as const
const env = { path: ['env'], form: 'keys', how: 'pattern', overrides: 'env' } as const
const ofWorkers = <T extends { readonly path: readonly string[] }>(of: T) => ({
  ...of,
  path: ['workers', ...of.path],
})

/** All that a class limits, in the order in which it is told. */
const limits: readonly Limit[] = [
  namespaceLimit(),
  values({
    path: ['scheduler', 'size'],
    form: 'text',
    how: listed,
    overrides: 'schedulerSizes',
    own: { path: ['scheduler', 'size'], form: 'text' },
  }),
  values(ofWorkers(sizes)),
  valuesInGroups(sizes),
  values(ofWorkers(purchasing)),
  valuesInGroups(purchasing),
  workersLimit('overrides.maxWorkers', ['overrides', 'maxWorkers']),
  workersLimit('quota.workers', ['quota', 'workers']),
  groupsLimit(),
  values({
    path: ['network', 'exposure'],
    form: 'text',
    how: listed,
    overrides: 'exposure',
    own: { path: ['network', 'exposure'], form: 'text', otherwise: 'Public' },
  }),
  values({ path: ['network', 'allowedCIDRs'], form: 'list', how: 'range', overrides: 'allowedCIDRs' }),
  values({ ...env, path: ['software', 'env'] }),
  values({ ...env, path: ['scheduler', 'env'] }),
  values(ofWorkers(env)),
  valuesInGroups(env),
  values({ path: ['software', 'image'], form: 'text', how: 'pattern', overrides: 'images' }),
  flagLimit(['software', 'python'], 'python'),
  flagLimit(['software', 'files'], 'setup'),
  flagLimit(['software', 'setup'], 'setup'),
  plainLimit(),
  lifetimeLimit('idleTimeout'),
  lifetimeLimit('ttl'),
]

/** Everything that a cluster asks for and its class does not allow, each with its field, what was found and what is allowed. */
export const beyondClass = (asked: Asked): readonly string[] => limits.flatMap(limit => limit.beyond(asked))

/** The same as one CEL expression for each limit; they know `object`, `oldObject`, `params` and `namespaceObject`. */
export const celLimits: readonly string[] = limits.map(({ cel }) => cel)
