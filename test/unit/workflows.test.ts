import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, unknown>>
}
interface Job {
  readonly needs?: string
  readonly permissions?: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
  readonly 'timeout-minutes'?: number
}
interface Workflow {
  readonly permissions: Readonly<Record<string, string>>
  readonly jobs: Readonly<Record<string, Job>>
}

const workflows = globSync('.github/workflows/*.yml').map(path => {
  const workflow: Workflow = parse(readFileSync(path, 'utf8'))
  return { path, workflow, jobs: Object.entries(workflow.jobs) }
})
const steps = workflows.flatMap(({ path, jobs }) =>
  jobs.flatMap(([job, { steps: all }]) => all.map(step => ({ at: `${path} ${job}`, step }))),
)

test('a workflow begins with no more than reading, and every job has a time limit', () => {
  expect(workflows.map(({ path }) => path)).toContain('.github/workflows/release.yml')
  const begun = workflows.flatMap(({ workflow }) => Object.entries(workflow.permissions))
  expect(begun.filter(([what, right]) => what !== 'contents' || right !== 'read')).toEqual([])
  const endless = workflows.flatMap(({ jobs }) =>
    jobs.filter(([, job]) => job['timeout-minutes'] === undefined),
  )
  expect(endless).toEqual([])
})

test('no credentials stay in a checkout, and actions have a version', () => {
  const actions = steps.flatMap(({ at, step }) =>
    step.uses === undefined ? [] : [{ at, ...step, uses: step.uses }],
  )
  expect(actions.filter(({ uses }) => !/@(v\d+|[0-9a-f]{40})$/.test(uses))).toEqual([])
  const checkouts = actions.filter(({ uses }) => uses.startsWith('actions/checkout@'))
  expect(checkouts.length).toBeGreaterThan(3)
  expect(checkouts.filter(each => each.with?.['persist-credentials'] !== false)).toEqual([])
})

test('commands are ones that bash can read, with no expression of GitHub’s put into their text', () => {
  for (const { step } of steps) if (step.run !== undefined) execFileSync('bash', ['-n'], { input: step.run })
  expect(steps.filter(({ step }) => step.run?.includes('${{'))).toEqual([])
})

test('programs of ours that they name are there', () => {
  const named = steps.flatMap(({ step }) => [...(step.run ?? '').matchAll(/(?:scripts|\.ci)\/[\w.-]+/g)])
  expect(named.map(([path]) => path)).toEqual(expect.arrayContaining(['scripts/sbom.ts', '.ci/run']))
  expect(named.filter(([path]) => !existsSync(path))).toEqual([])
})

test('a release is tested before its image is built, and only the jobs that write may', () => {
  const release = workflows.find(({ path }) => path.endsWith('/release.yml'))?.workflow
  expect(release?.permissions).toEqual({})
  expect(release?.jobs).toMatchObject({
    test: { permissions: { contents: 'read' } },
    image: { needs: 'test', permissions: { contents: 'read', packages: 'write', 'id-token': 'write' } },
    release: { needs: 'image', permissions: { contents: 'write', 'id-token': 'write' } },
  })
})

test('the manifest of a release names its image, wherever that is', () => {
  const manifest = readFileSync('deploy/manifests/operator.yaml', 'utf8')
  expect(manifest.match(/image: dask-cloud-operator:.*/g)).toHaveLength(1)
})
