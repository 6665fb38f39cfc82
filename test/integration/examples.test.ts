import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { findChartTools, NoChartTools, runTool } from '../../scripts/chart-tools/index.ts'
import { filled } from '../../src/api/class-filling.ts'
import { classKind, kind as ourKind } from '../../src/api/names.ts'
import { parseResource } from '../../src/api/resource.ts'
import { cloudParser } from '../../src/clouds/registry.ts'
import { isKubeError } from '../../src/kube/fault.ts'
import { connectKube, type KubeTransport } from '../../src/kube/transport.ts'
import { list, record } from '../../src/lib/parse.ts'
import { reach } from '../../src/lib/reach.ts'
import { controlPlane } from '../support/control-plane.ts'
import { type Applicable, applicable, examplesIn, examplesOf } from '../support/examples.ts'

/** Kinds that no API server here knows, since their definitions are not at hand: each with whose they are. */
const elsewhere: Readonly<Record<string, string>> = {
  'argoproj.io/v1alpha1 Application': 'Argo CD',
  'kustomize.toolkit.fluxcd.io/v1 Kustomization': 'Flux',
}

const plane = controlPlane()
let kube: KubeTransport
const call = () => ({ signal: AbortSignal.timeout(30_000) })
const plurals = new Map<string, Promise<string>>()

plane.prepare(async () => {
  kube = await connectKube({ kubeconfig: plane.kubeconfig })
  // No controller may have made it yet, and no pod is taken without.
  await apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } }, {})
})
afterAll(async () => kube?.[Symbol.asyncDispose]())

const nameOf = ({ apiVersion, kind }: Applicable): string => `${apiVersion} ${kind}`

/** How the API server calls a kind in its paths; its error where it does not know it. */
async function pluralOf({ apiVersion, kind }: Applicable): Promise<string> {
  const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const { resources } = record(await kube.request({ method: 'GET', path }, call()), path)
  const found = list(resources, 'resources')
    .map(each => record(each, 'resource'))
    .find(each => each['kind'] === kind && !String(each['name']).includes('/'))
  if (found === undefined) throw new Error(`${path} has no ${kind}`)
  const folder = found['namespaced'] === true ? `${path}/namespaces/${plane.namespace}` : path
  return `${folder}/${String(found['name'])}`
}

/** By server-side apply, strictly, and only for show unless `query` says otherwise. Namespaces are this file's. */
async function apply(object: Applicable, query: object = { dryRun: 'All' }) {
  const known = plurals.get(nameOf(object)) ?? pluralOf(object)
  plurals.set(nameOf(object), known)
  const { namespace: _namespace, ...metadata } = object.metadata
  const taken = await kube.request(
    {
      method: 'PATCH',
      path: `${await known}/${String(metadata['name'])}`,
      query: { fieldManager: 'docs', force: true, fieldValidation: 'Strict', ...query },
      contentType: 'application/apply-patch+yaml',
      body: { ...object, metadata },
    },
    call(),
  )
  return record(taken, nameOf(object))
}

const examples = examplesOf().map(example => ({ ...example, object: applicable(example) }))

/** What its class, which a page has to show, makes of it. */
function ofItsClass(spec: Readonly<Record<string, unknown>>): unknown {
  const { className } = spec
  if (className === undefined) return spec
  const of = examples.find(({ object }) => object.kind === classKind && object.metadata['name'] === className)
  return filled(reach(of?.object, ['spec']), spec)
}

describe('the API server takes', () => {
  test.each(examples.filter(({ object }) => elsewhere[nameOf(object)] === undefined))(
    '$place',
    async ({ object }) => {
      const taken = await apply(object)
      if (object.kind !== ourKind) return
      // Whatever is for show has no version, and the operator reads no resource without one.
      const metadata = { ...record(taken['metadata'], 'metadata'), resourceVersion: '1' }
      const clouds = cloudParser(['local', 'simulated'], ['*'])
      const spec = ofItsClass(record(taken['spec'], 'spec'))
      expect(parseResource({ ...taken, metadata, spec }, clouds)).toMatchObject({ kind: 'valid' })
    },
  )
})

test('what it does not know is named, and nothing else is', async () => {
  const left = new Set(examples.map(({ object }) => nameOf(object)).filter(name => elsewhere[name]))
  expect([...left].toSorted()).toEqual(Object.keys(elsewhere).toSorted())
  for (const { object } of examples.filter(each => left.has(nameOf(each.object))))
    await expect(apply(object)).rejects.toSatisfy(error => isKubeError(error, 404))
})

test('there are whole clusters, parts of a spec, pods and others among them', () => {
  const pages = new Set(examples.map(({ place }) => place.replace(/:.*/, '')))
  for (const page of ['README.md', 'docs/aws.md', 'docs/software.md', 'docs/own-certificates.md'])
    expect(pages).toContain(page)
  expect(new Set(examples.map(({ object }) => object.kind))).toEqual(
    new Set([ourKind, classKind, 'Pod', 'ConfigMap', 'Application', 'Kustomization']),
  )
})

const installs = ['README.md', 'docs/install.md', 'deploy/chart/README.md'].flatMap(page =>
  [...readFileSync(page, 'utf8').matchAll(/^helm install (?:.*\\\n)*.*$/gm)].map(([command]) => ({
    page,
    command,
  })),
)

test('the chart takes each installation that a page shows', async ({ skip }) => {
  expect(new Set(installs.map(({ page }) => page)).size).toBe(3)
  const asked = { signal: AbortSignal.timeout(500_000), progress: () => undefined }
  const tools = await findChartTools(asked).catch((error: unknown) => {
    if (error instanceof NoChartTools) return undefined
    throw error
  })
  skip(tools === undefined, 'helm cannot be had here')
  for (const { page, command } of installs) {
    const script = `helm() { "$HELM" "$@" --dry-run=client; }; REGISTRY=registry.example.com/team; ${command}`
    const env = { ...process.env, HELM: tools?.helm ?? '', KUBECONFIG: plane.kubeconfig }
    const said = await runTool('bash', ['-ec', script], { env })
    expect([page, /image: "?(registry\.example\.com\S*)dask-cloud-operator:/.exec(said)?.[1]]).toEqual([
      page,
      page === 'docs/install.md' ? 'registry.example.com/team/' : 'registry.example.com/',
    ])
  }
})

const wrong: readonly { readonly given: string; readonly text: string; readonly says: string }[] = [
  {
    given: 'a field that nobody knows',
    text: '```yaml\nspec:\n  worker: {replicas: 1}\n```\n',
    says: '.spec.worker: field not declared',
  },
  {
    given: 'a value that a rule refuses',
    text: '```yaml\nsoftware: {python: {version: "2.7"}}\n```\n',
    says: 'write a minor version',
  },
  {
    given: 'a pod without its volume',
    text: '```yaml\nvolumeMounts: [{name: other, mountPath: /a}]\n```\n',
    says: 'volumeMounts[0].name: Not found',
  },
  {
    given: 'a wrong one in a here-document',
    text: "```sh\nkubectl apply -f - <<'END'\nspec: {workers: {replicas: -1}}\nEND\n```\n",
    says: 'spec.workers.replicas',
  },
]

test.each(wrong)('$given would be refused', async ({ text, says }) => {
  const [example] = examplesIn('page', text)
  if (example === undefined) throw new Error('no example was found')
  await expect(apply(applicable(example))).rejects.toThrow(says)
})

test('what is part of nothing that is known is not passed over', () => {
  expect(() => applicable({ place: 'page:1', shown: { replicas: 3 } })).toThrow(
    /neither an object nor a part/,
  )
})
