import { describe, expect, test } from 'vitest'
import { type DaskCloudClass, parseClass, recordIn } from '../../src/api/class-resource.ts'
import { parseClassed } from '../../src/api/classed-resource.ts'
import { type Governed, govern, type Ruling } from '../../src/api/governing.ts'
import { cloudParser } from '../../src/clouds/registry.ts'
import type { ClassRecord } from '../../src/model/cluster.ts'
import { merged } from '../support/specs.ts'

const spec = {
  cloud: { simulated: {} },
  credentialsSecretRef: { name: 'first' },
  namespaces: {},
  defaults: { workers: { sizes: ['small'], memory: '1GiB' } },
  overrides: { maxWorkers: 5 },
}

const aClass = (patch: unknown = {}, generation = 1, deletionTimestamp?: string): DaskCloudClass =>
  parseClass({
    metadata: { name: 'standard', uid: '01234567-89ab', resourceVersion: '1', generation, deletionTimestamp },
    spec: merged(spec, patch),
  })

const asked = (replicas = 1, more = {}) => ({ className: 'standard', workers: { replicas }, ...more })
const running = (replicas = 1, by = aClass()): ClassRecord => ({
  name: 'standard',
  generation: by.generation,
  spec: by.spec,
  accepted: asked(replicas),
})
const cluster = (of: Partial<Governed> = {}): Governed => ({
  className: 'standard',
  spec: asked(),
  record: undefined,
  isDeleting: false,
  namespace: { name: 'team-a', labels: {} },
  ...of,
})
const judged = (of: Partial<Governed>, known: DaskCloudClass | undefined = aClass(), full?: string): Ruling =>
  govern(cluster(of), { known, room: () => full })
const withoutClass = (of: Partial<Governed>): Ruling =>
  govern(cluster(of), { known: undefined, room: () => undefined })

/** What matters of a ruling. */
const gist = (ruling: Ruling) =>
  ruling.kind === 'refused'
    ? ruling.reason
    : {
        by: ruling.record.generation,
        accepted: ruling.record.accepted,
        refusal: ruling.refusal?.reason,
        changes: ruling.pending?.changes,
        secret: ruling.secret,
      }
const as = (of: object) => ({
  by: 1,
  accepted: asked(),
  refusal: undefined,
  changes: undefined,
  secret: 'first',
  ...of,
})

describe('a new cluster', () => {
  test('is let in within the class, and runs by it as it is now', () => {
    expect(gist(judged({}, aClass({}, 7)))).toEqual(as({ by: 7 }))
  })

  test.each([
    { given: 'too many workers', ruling: judged({ spec: asked(6) }), says: 'ClassForbids' },
    { given: 'no room', ruling: judged({}, aClass(), 'full'), says: 'ClassQuotaExceeded' },
    {
      given: 'another namespace',
      ruling: judged({}, aClass({ namespaces: null })),
      says: 'NamespaceNotAllowed',
    },
    { given: 'no such class', ruling: withoutClass({}), says: 'ClassNotFound' },
    {
      given: 'a class that is going',
      ruling: judged({}, aClass({}, 1, '2026-01-01T00:00:00Z')),
      says: 'ClassNotFound',
    },
    {
      given: 'a class of a newer version',
      ruling: judged({}, aClass({ telepathy: {} })),
      says: 'ClassInvalid',
    },
  ])('is refused with $given', ({ ruling, says }) => {
    expect(gist(ruling)).toBe(says)
  })
})

describe('a cluster that is there', () => {
  const stricter = aClass({ overrides: { maxWorkers: 2 }, namespaces: null }, 2)

  test('goes on by a class that refuses it now, and takes what is less', () => {
    expect(gist(judged({ record: running(4), spec: asked(4) }, stricter))).toEqual(
      as({ by: 2, accepted: asked(4) }),
    )
    expect(gist(judged({ record: running(4), spec: asked(3) }, stricter))).toEqual(
      as({ by: 2, accepted: asked(3) }),
    )
  })

  test('is refused more, goes on as it was, and may be suspended all the same', () => {
    const wish = { record: running(4), spec: asked(5, { suspend: true }) }
    expect(gist(judged(wish, stricter))).toEqual(
      as({ by: 2, accepted: asked(4, { suspend: true }), refusal: 'NamespaceNotAllowed' }),
    )
    expect(gist(judged({ record: running(4), spec: asked(5) }, aClass(), 'full'))).toEqual(
      as({ accepted: asked(4, { suspend: false }), refusal: 'ClassQuotaExceeded' }),
    )
  })

  const changed = { defaults: { workers: { memory: '2GiB' } }, credentialsSecretRef: { name: 'second' } }

  test('keeps what it runs by when the class changes, but for its credentials', () => {
    expect(gist(judged({ record: running() }, aClass(changed, 2)))).toEqual(
      as({ changes: ['spec.workers.memory: "1GiB" -> "2GiB"'], secret: 'second' }),
    )
  })

  test('takes the class up when that says so', () => {
    expect(gist(judged({ record: running() }, aClass({ ...changed, updatePolicy: 'Always' }, 2)))).toEqual(
      as({ by: 2, secret: 'second' }),
    )
  })

  test('never moves to the cloud of another class of the same name', () => {
    const other = aClass({ ...changed, cloud: { simulated: null, local: {} }, updatePolicy: 'Always' }, 2)
    expect(gist(judged({ record: running() }, other))).toEqual(as({ changes: ['spec.cloud: another one'] }))
  })

  test('goes on, and ends, without its class', () => {
    expect(gist(withoutClass({ record: running(2), spec: asked(1) }))).toEqual(as({ accepted: asked(1) }))
    expect(gist(withoutClass({ record: running(2), spec: asked(9) }))).toMatchObject({
      refusal: 'ClassForbids',
    })
    expect(gist(withoutClass({ record: running(2), isDeleting: true }))).toEqual(as({ accepted: asked(2) }))
  })

  test('whose status was lost has to keep to the class as it is, and ends whatever it is', () => {
    const narrower = aClass({ overrides: { maxWorkers: 2 } }, 2)
    expect(gist(judged({ spec: asked(1) }, narrower))).toMatchObject({ by: 2, accepted: asked(1) })
    expect(gist(judged({ spec: asked(9) }, narrower))).toBe('ClassForbids')
    expect(gist(judged({ spec: asked(1) }, narrower, 'no room'))).toBe('ClassQuotaExceeded')
    expect(gist(judged({ spec: asked(9), isDeleting: true }, narrower))).toMatchObject({ by: 2 })
    expect(gist(withoutClass({ isDeleting: true }))).toBe('ClassNotFound')
  })
})

describe('what a cluster is then', () => {
  const raw = {
    metadata: {
      name: 'demo',
      namespace: 'team-a',
      uid: '01234567-89ab',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: asked(),
  }
  const parsed = (ruling: Ruling) => {
    if (ruling.kind === 'refused') throw new Error(ruling.problem)
    const result = parseClassed(raw, cloudParser(['simulated']), ruling)
    if (result.kind !== 'valid') throw new Error(JSON.stringify(result))
    return result.resource.cluster
  }

  test('has the class’s Secret, which no spec can name', () => {
    expect(parsed(judged({})).credentials).toEqual({ name: 'operator:first' })
  })

  test('tells what the class would change, and goes back where the class does not fit', () => {
    const record = running()
    const told = parsed(judged({ record }, aClass({ defaults: { workers: { memory: '2GiB' } } }, 2))).class
    expect(told?.pending?.problem).toContain('1 workers of default are replaced')
    const unfit = {
      defaults: { workers: { purchasing: 'Spot' } },
      cloud: { simulated: { startupSeconds: 1 } },
    }
    const both = aClass({ ...unfit, updatePolicy: 'Always' }, 2)
    expect(parsed(judged({ record }, both)).class?.record.generation).toBe(2)
    const wrong = {
      ...aClass({ updatePolicy: 'Always' }, 2),
      spec: { ...spec, cloud: { simulated: { speed: 1 } }, updatePolicy: 'Always' },
    }
    const back = parsed(judged({ record }, wrong))
    expect(back.class).toMatchObject({ record: { generation: 1 }, pending: { reason: 'ClassUnfit' } })
    expect(back.groups[0]?.memory).toBe('1GiB')
  })

  test('is written so that it can be read again, for the class that the cluster names alone', () => {
    const record = running()
    expect(recordIn({ spec: asked(), status: { class: record } })).toEqual(record)
    expect(recordIn({ spec: { className: 'other' }, status: { class: record } })).toBeUndefined()
    expect(recordIn({ spec: asked(), status: { class: { name: 'standard' } } })).toBeUndefined()
  })
})
