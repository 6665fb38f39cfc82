import { settings } from '../../src/config.ts'
import { readLease } from '../../src/kube/lease-record.ts'
import { listAll } from '../../src/kube/pages.ts'
import type { KubeRequests } from '../../src/kube/transport.ts'
import type { Call } from '../../src/lib/call.ts'
import { canonical } from '../../src/lib/fingerprint.ts'
import { crdPath, demoLabel, items, members, metadataOf, ownCrd, read, word } from './kubernetes.ts'

export type FoundCrd =
  | { readonly kind: 'absent' }
  /** As this checkout has it. */
  | { readonly kind: 'same' }
  | { readonly kind: 'other'; readonly problem: string }

/** Whose CRD is there: one of another version serves clusters of somebody else's, and is not to be changed for a demo. */
export async function findCrd(kube: KubeRequests, call: Call): Promise<FoundCrd> {
  const found = await read(kube, crdPath, call)
  if (found === undefined) return { kind: 'absent' }
  const { name, deletionTimestamp } = metadataOf(found)
  const end = 'Nothing was changed'
  if (deletionTimestamp !== undefined)
    return {
      kind: 'other',
      problem: `the CRD ${word(name)} is being deleted there: wait until it is gone. ${end}`,
    }
  if (canonical(versionsOf(found)) === canonical(versionsOf(ownCrd()))) return { kind: 'same' }
  return {
    kind: 'other',
    problem:
      `the CRD ${word(name)} is there in another version, which the demo would have to change for everybody who uses it: ` +
      `use another cluster, or the checkout that it was applied from. ${end}`,
  }
}

const versionsOf = (crd: unknown): unknown =>
  items(members(members(crd)['spec'])['versions']).map(
    ({ name, served, storage, schema, subresources, additionalPrinterColumns }) => ({
      name,
      served,
      storage,
      schema,
      subresources,
      additionalPrinterColumns,
    }),
  )

/** Namespaces of demos that were killed before they could remove them, or that still run. */
export async function leftNamespaces(kube: KubeRequests, call: Call): Promise<readonly string[]> {
  const { items: left } = await listAll(kube, { path: '/api/v1/namespaces', labels: demoLabel }, call)
  return left.map(raw => word(metadataOf(raw)['name']) ?? '')
}

/** A lease that was not renewed for so long is nobody's, even where two computers' clocks differ a little. */
const deadMs = 60_000

/** Says which operator of this kind works there: it would take the demo's clusters for its own. Undefined where none does. */
export async function otherOperator(kube: KubeRequests, call: Call): Promise<string | undefined> {
  const name = settings.leaseName.default
  const path = '/apis/coordination.k8s.io/v1/leases'
  const { items: leases } = await listAll(kube, { path, fields: `metadata.name=${name}` }, call)
  const held = leases.find(isHeld)
  if (held === undefined) return undefined
  return (
    `an operator of this kind works there already: it holds the lease ${word(metadataOf(held)['namespace'])}/${name}, and would take ` +
    "the demo's clusters for its own. Stop it, or use another cluster. Nothing was changed"
  )
}

function isHeld(raw: unknown): boolean {
  const renewed = Date.parse(word(members(members(raw)['spec'])['renewTime']) ?? '')
  return readLease(raw).holder !== '' && Math.abs(Date.now() - renewed) < deadMs
}
