import { expect, test } from 'vitest'
import { annotations, credentialsFinalizer } from '../../src/api/names.ts'
import { isUsed, Leaving } from '../../src/app/held-secrets.ts'
import { type ClusterUid, clusterUid } from '../../src/model/names.ts'

const [one, two] = ['01234567-0001', '01234567-0002'].map(clusterUid)
const holder = (uid: ClusterUid | undefined, name: string, namespace = 'team-a') => ({
  metadata: {
    uid,
    namespace,
    finalizers: [credentialsFinalizer],
    annotations: { [annotations.credentials]: name },
  },
  spec: { className: 'standard' },
})

test.each(['aws', 'operator:aws'])(
  'of two that let go of %s at the same time, neither takes the other for a user',
  name => {
    if (one === undefined || two === undefined) throw new Error('two clusters are needed')
    const ref = { namespace: name === 'aws' ? 'team-a' : '', name }
    const as = [holder(one, name), holder(two, name)]
    const leaving = new Leaving()
    leaving.begin(one, ref)
    expect(isUsed(as, ref, leaving.of(ref))).toBe(true)
    leaving.begin(two, ref)
    expect(isUsed(as, ref, leaving.of(ref))).toBe(false)
    expect(isUsed(as, ref, leaving.of({ ...ref, name: `${name}-2` }))).toBe(true)
    leaving.end(one, ref)
    expect(isUsed(as, ref, leaving.of(ref))).toBe(true)
    leaving.begin(one, ref)
    leaving.forget(two)
    expect(isUsed(as, ref, leaving.of(ref))).toBe(true)
  },
)

test('a Secret of the operator’s namespace is not used by whoever only says so', () => {
  const { metadata } = holder(one, 'operator:aws')
  const ref = { namespace: '', name: 'operator:aws' }
  expect(isUsed([{ metadata, spec: { cloud: {} } }], ref, new Set())).toBe(false)
  expect(isUsed([holder(one, 'operator:aws')], ref, new Set())).toBe(true)
})
