import { expect, test } from 'vitest'
import { type Document, documentsOf, operatorManifest, own, type Rule } from '../support/rights.ts'

const namespaced = 'deploy/manifests/operator-namespaced.yaml'
const teams = ['team-a', 'team-b']

/** `VERB GROUP/RESOURCE NAME`, each once. */
const rightsOf = (rules: readonly Rule[] = []): readonly string[] =>
  rules
    .flatMap(({ apiGroups, resources, resourceNames = [''], verbs }) =>
      apiGroups.flatMap(group =>
        resources.flatMap(resource =>
          resourceNames.flatMap(name => verbs.map(verb => `${verb} ${group}/${resource} ${name}`)),
        ),
      ),
    )
    .toSorted()

const roleIn = (documents: readonly Document[], namespace?: string): readonly string[] =>
  rightsOf(
    documents.find(({ rules, metadata }) => rules !== undefined && metadata.namespace === namespace)?.rules,
  )

test('for some namespaces there is no cluster role, and in each of them what operator.yaml gives in all', async () => {
  const [wide, narrow] = [await documentsOf(operatorManifest), await documentsOf(namespaced)]
  expect(narrow.filter(({ kind }) => kind.startsWith('Cluster'))).toEqual([])
  const everywhere = roleIn(wide).filter(
    right => !right.includes('/daskcloudclasses') && !right.includes('/namespaces '),
  )
  expect(everywhere.length).toBeGreaterThan(10)
  for (const team of teams) expect(roleIn(narrow, team)).toEqual(everywhere)
  const kinds = narrow.flatMap(({ kind, metadata }) => (kind === 'Role' ? [metadata.namespace] : []))
  expect(kinds).toEqual([own.namespace, ...teams])
})

test('in its own namespace it has what it needs of both roles of operator.yaml there', async () => {
  const [wide, narrow] = [await documentsOf(operatorManifest), await documentsOf(namespaced)]
  const inOwn = roleIn(wide).filter(
    right => /\/(?:secrets|events) /.test(right) && !right.startsWith('patch /secrets'),
  )
  const uid = `get /namespaces ${own.namespace}`
  expect(roleIn(narrow, own.namespace)).toEqual([...roleIn(wide, own.namespace), ...inOwn, uid].toSorted())
})

const deployment = (documents: readonly Document[]): string =>
  JSON.stringify(documents.find(({ kind }) => kind === 'Deployment'))

test('both run the same program', async () => {
  const [wide, narrow] = [await documentsOf(operatorManifest), await documentsOf(namespaced)]
  const watched = `,"--watch-namespaces=${teams.join(',')}"`
  expect(deployment(narrow)).toContain(watched)
  expect(deployment(narrow).replace(watched, '')).toBe(deployment(wide))
})
