import { expect, test } from 'vitest'
import { established } from '../../scripts/controlplane/established.ts'
import { apiVersion, kind } from '../../src/api/names.ts'
import { type Demo, nothing } from '../support/demo-process.ts'
import { usersCluster } from '../support/users-cluster.ts'

const theirs = usersCluster()

/** The demo has ended, and everything is as it was. */
async function leftAs(before: string, ended: Demo): Promise<void> {
  expect(await theirs.things()).toBe(before)
  await nothing(ended)
}

const cluster = (name: string): string =>
  JSON.stringify({
    apiVersion,
    kind,
    metadata: { name, namespace: 'default' },
    spec: { cloud: { simulated: {} } },
  })

test('it plays the whole life on the user’s cluster and takes away all that it made', async () => {
  const before = await theirs.things()
  const played = theirs.play()
  expect({ code: await played.end(), said: played.output }).toMatchObject({ code: 0 })
  const prepared = ['API server', 'CRD', 'namespaces', 'operator']
  expect(played.steps.slice(0, prepared.length)).toEqual(prepared)
  expect(played.steps.slice(-3)).toEqual(['deleted', 'nothing left', 'stopped'])
  expect(played.output).toMatch(/answers at https:\/\/127\.0\.0\.1:\d+, context dask-cloud-operator\n/)
  expect(played.output).toMatch(/kubectl apply -n dask-demo-[0-9a-f]{6} -f deploy\/samples\/demo\.yaml\n/)
  expect(played.output).toMatch(/result +sum of the squares below 1000: 332833500/)
  expect(played.output).toMatch(/stopped +the operator; its files, 2 namespaces and the CRD are removed\n/)
  await leftAs(before, played)
})

test('a CRD and a cluster that were there stay as they were', async () => {
  const { kubectl } = theirs
  await kubectl(['apply', '-f', 'crds/'])
  await established(theirs, 'crds/')
  await kubectl(['apply', '-f', '-'], cluster('theirs'))
  const shown = await kubectl(['get', 'dcc', 'theirs', '-o', 'yaml'])
  const before = await theirs.things()
  const played = theirs.play('--simulated', '6')
  expect({ code: await played.end(), said: played.output }).toMatchObject({ code: 0 })
  expect(played.output).toContain('DaskCloudCluster was there, and stays')
  expect(played.output).toMatch(
    /nothing left +0 of the \d+ machines that were made live; 0 addresses, 0 Secrets/,
  )
  expect(played.output).toMatch(/stopped +the operator; its files and 4 namespaces are removed\n/)
  expect(await kubectl(['get', 'dcc', 'theirs', '-o', 'yaml'])).toBe(shown)
  await leftAs(before, played)
  await kubectl(['delete', '--ignore-not-found', '-f', 'crds/'])
})

test('the CRD stays where somebody has begun to use it meanwhile', async () => {
  const { kubectl } = theirs
  const played = theirs.play('--simulated', '3', '--keep')
  await played.says('Everything runs until Ctrl-C')
  await kubectl(['apply', '-f', '-'], cluster('newcomer'))
  expect({ code: await played.end('SIGINT'), said: played.output }).toMatchObject({ code: 130 })
  expect(played.output).toContain('the CRD stays: clusters that are not the demo’s use it (1)')
  expect(await kubectl(['get', 'dcc', '-A', '-o', 'name'])).toBe('daskcloudcluster.cloud.dask.org/newcomer\n')
  expect(await kubectl(['get', 'namespaces', '-l', 'cloud.dask.org/demo', '-o', 'name'])).toBe('')
  await kubectl(['delete', '--ignore-not-found', '-f', 'crds/'])
  await nothing(played)
})

test.each([
  { when: 'right after the namespaces were made', text: 'namespaces  ', words: ['--simulated', '20'] },
  { when: 'while clusters are applied', text: 'machines are simulated', words: ['--simulated', '20'] },
  { when: 'while no operator runs', text: 'another operator starts', words: ['--simulated', '6'] },
  { when: 'while real machines start', text: 'event Launching', words: [] },
])('Ctrl-C $when ends it with 130 and leaves nothing', async ({ text, words }) => {
  const before = await theirs.things()
  const played = theirs.play(...words)
  await played.says(text)
  expect({ code: await played.end('SIGINT'), said: played.output }).toMatchObject({ code: 130 })
  expect(played.output).toContain('nothing is left')
  await leftAs(before, played)
})

test('killed, it leaves its namespaces, and the next demo says so and how to remove them', async () => {
  const { kubectl } = theirs
  const killed = theirs.play('--simulated', '3')
  await killed.says('Ready  ')
  await killed.end('SIGKILL')
  const left = ['get', 'namespaces', '-l', 'cloud.dask.org/demo', '-o', 'name']
  const names = (await kubectl(left)).trim().split('\n')
  expect(names).toHaveLength(4)
  await kubectl(['delete', 'lease', 'dask-cloud-operator', '-n', leaseNamespace(names)])
  const next = theirs.play('--simulated', '1')
  expect({ code: await next.end(), said: next.output }).toMatchObject({ code: 0 })
  for (const name of names) expect(next.output).toContain(name.replace('namespace/', ''))
  expect(next.output).toContain('docs/demo.md')
  await removeByHand(names)
  expect(await kubectl(left)).toBe('')
})

const leaseNamespace = (names: readonly string[]): string =>
  names.find(name => name.endsWith('-operator'))?.replace('namespace/', '') ?? ''

/** As docs/demo.md says. */
async function removeByHand(names: readonly string[]): Promise<void> {
  const { kubectl } = theirs
  for (const name of names.map(each => each.replace('namespace/', ''))) {
    const clusters = (await kubectl(['get', 'dcc', '-n', name, '-o', 'name'])).split('\n').filter(Boolean)
    for (const each of clusters)
      await kubectl(['patch', '-n', name, each, '--type=merge', '-p', '{"metadata":{"finalizers":null}}'])
  }
  await kubectl(['delete', 'namespaces', '-l', 'cloud.dask.org/demo'])
  await kubectl(['delete', '--ignore-not-found', '-f', 'crds/'])
}
