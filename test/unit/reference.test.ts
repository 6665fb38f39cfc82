import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { contentOf, sectionsOf } from '../../scripts/reference/fields.ts'
import { conditions, referencePage } from '../../scripts/reference/page.ts'
import { annotationWords, changeOf, effectOf, secretLabelWords } from '../../scripts/reference/words.ts'
import { spec } from '../../src/api/cluster-schema.ts'
import { clusterCrd } from '../../src/api/crd.ts'
import { annotations, clusterNameMax, finalizer, labels } from '../../src/api/names.ts'
import { parseResource } from '../../src/api/resource.ts'
import type { OpenApi } from '../../src/api/schema/schema.ts'
import { status } from '../../src/api/status-schema.ts'
import { cloudParser } from '../../src/clouds/registry.ts'
import { changes, startOf } from '../support/field-changes.ts'
import { merged } from '../support/specs.ts'

const page = referencePage()

/** Every path of a schema, found without the generator's own walk. */
function pathsOf(path: string, node: OpenApi): readonly string[] {
  const members = Object.entries(node.properties ?? {}).flatMap(([name, each]) => [
    `${path}.${name}`,
    ...pathsOf(`${path}.${name}`, each),
  ])
  const items = node.items === undefined ? [] : pathsOf(`${path}[]`, node.items)
  const values =
    node.additionalProperties === undefined ? [] : pathsOf(`${path}.*`, node.additionalProperties)
  return [...members, ...items, ...values]
}

const specPaths = pathsOf('spec', spec.openApi)
const statusPaths = pathsOf('status', status.openApi)

test('every field has its row', () => {
  expect(specPaths.length).toBeGreaterThan(15)
  expect(statusPaths.length).toBeGreaterThan(30)
  const missing = [...specPaths, ...statusPaths].filter(path => !page.includes(`\n| \`${path}\` | `))
  expect(missing).toEqual([])
})

test('every rule is said in its own words', () => {
  const rules = JSON.stringify(clusterCrd()).matchAll(/"message":"((?:[^"\\]|\\.)+)"/g)
  const said = page.replaceAll(/[\\`]/g, '')
  const messages = [...rules].map(([, message = '']) => message.replaceAll('\\', '')).filter(isRule)
  expect(messages.length).toBeGreaterThan(8)
  expect(messages.filter(message => !said.includes(message.replace(/^metadata\.name /, '')))).toEqual([])
  expect(page).toContain(`at most ${clusterNameMax} characters`)
})

/** A condition's default has a message too. */
const isRule = (message: string): boolean => !message.startsWith('No operator')

test('every annotation, label, column and the finalizer is there', () => {
  const marks = [...Object.values(annotations), ...Object.values(labels), finalizer]
  expect(marks.filter(mark => !page.includes(`\`${mark}\``))).toEqual([])
  for (const column of ['Ready', 'Workers', 'Certificates']) expect(page).toContain(`\n| ${column} | `)
})

test('every condition is there, and none that is not', () => {
  const text = ['findings', 'class-findings', 'certificates-findings', 'admission', 'endings', 'publish']
    .map(name => readFileSync(`src/reconcile/${name}.ts`, 'utf8'))
    .join('')
  const types = new Set([...text.matchAll(/type: '([A-Z]\w+)'/g)].map(([, type = '']) => type))
  expect(
    conditions()
      .map(([type]) => type)
      .toSorted(),
  ).toEqual([...types].toSorted())
})

test('every link within the page leads to one heading', () => {
  const anchors = [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
  expect(new Set(anchors).size).toBe(anchors.length)
  const links = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor = '']) => anchor)
  expect(links.filter(anchor => !anchors.includes(anchor))).toEqual([])
})

test('what an annotation does is said only where the sources read it', () => {
  const sources = globSync('src/**/*.ts').filter(file => !file.endsWith('api/names.ts'))
  const text = sources.map(file => readFileSync(file, 'utf8')).join('')
  const unread = Object.keys(annotations).filter(key => !text.includes(`annotations.${key}`))
  const untold = Object.entries(annotationWords).filter(([, { by }]) => by === 'nobody yet')
  expect(untold.map(([key]) => key).toSorted()).toEqual(unread.toSorted())
  expect(Object.keys(secretLabelWords)).toEqual(['managedBy', 'role', 'installation'])
})

test('what cannot change is marked so, and the marks name fields that exist', () => {
  // A rule of the whole spec is about the class alone.
  const fixed = [...sectionsOf('spec', spec.openApi)].filter(
    ({ node, path }) =>
      path !== 'spec' && node['x-kubernetes-validations']?.some(({ rule }) => rule.includes('oldSelf')),
  )
  expect(changeOf('spec.className')).toBe('no')
  expect(fixed.map(({ path }) => changeOf(path))).toEqual(fixed.map(() => 'no'))
  expect(Object.keys(effectOf).filter(path => !specPaths.includes(path))).toEqual([])
})

function fingerprints(patch: unknown): readonly [scheduler: string, worker: string] {
  const given = { cloud: { local: {} }, software: { python: {} }, scheduler: {}, workers: { replicas: 1 } }
  const raw = {
    metadata: {
      name: 'a',
      namespace: 'b',
      uid: '01234567-89ab',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: merged({ ...given, suspend: false }, patch),
  }
  const parsed = parseResource(raw, cloudParser(['local', 'simulated'], ['*']))
  if (parsed.kind !== 'valid') throw new Error(JSON.stringify(parsed))
  const { scheduler, groups } = parsed.resource.cluster
  return [scheduler.fingerprint, groups.map(each => each.fingerprint).join(' ')]
}

test.each(Object.entries(changes))('a change of %s rolls what the page says', (path, patch) => {
  const [scheduler, worker] = fingerprints(startOf(path))
  const [newScheduler, newWorker] = fingerprints(patch)
  const effect = changeOf(path)
  expect(effect.includes('new scheduler')).toBe(scheduler !== newScheduler)
  expect(effect.includes('replaces workers')).toBe(worker !== newWorker)
})

test.each(['local', 'simulated'])(
  'a change of spec.network rolls nothing on the %s cloud, as the page says',
  cloud => {
    expect(page).toContain('It has no effect in the local and the simulated cloud.')
    const start = { cloud: { local: null, [cloud]: {} } }
    const network = { exposure: 'Private', allowedCIDRs: ['10.0.0.0/8'] }
    expect(fingerprints({ ...start, network })).toEqual(fingerprints(start))
  },
)

test('of every field that is no object there is a change in this test, or nothing rolls', () => {
  const leaves = sectionsOf('spec', spec.openApi).flatMap(({ fields }) =>
    fields.filter(({ node }) => contentOf(node)[1].properties === undefined).map(({ path }) => path),
  )
  const untried = leaves.filter(path => !(path in changes))
  expect(untried.filter(path => /replaces|scheduler/.test(changeOf(path)))).toEqual([])
})
