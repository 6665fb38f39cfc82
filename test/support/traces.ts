import { processOf } from '../../src/clouds/local/processes.ts'
import { digest } from '../../src/lib/fingerprint.ts'
import type { ClusterResource, ClusterStage, SecretResource } from './cluster-e2e.ts'

/**
 * Parts of private keys that no text outside of a Secret may hold: lines of their PEM, which carry the key's own bits,
 * and the same keys as Kubernetes encodes them.
 */
export function keyParts(secrets: readonly SecretResource[]): readonly string[] {
  const keys = secrets.flatMap(({ data }) =>
    Object.entries(data).flatMap(([name, value]) => (name.endsWith('.key') ? [value] : [])),
  )
  return keys.flatMap(encoded => {
    const pem = Buffer.from(encoded, 'base64').toString()
    const lines = pem.split('\n').filter(line => line.length >= 24 && !line.startsWith('-----'))
    const middle = Math.floor(encoded.length / 2)
    return [...lines, encoded.slice(middle, middle + 48)]
  })
}

/**
 * Where what the operator has told anybody holds a private key that was ever read from a Secret: its log, the events,
 * every status that was read.
 */
export async function leaks(stage: ClusterStage): Promise<readonly string[]> {
  const parts = [...stage.keys]
  if (parts.length < 12) return ['the keys could not be looked at']
  const events = await Promise.all(
    [stage.tenant, stage.operatorNamespace].flatMap(namespace => [
      stage.get(`/api/v1/namespaces/${namespace}/events`),
      stage.get(`/apis/events.k8s.io/v1/namespaces/${namespace}/events`),
    ]),
  )
  const told = [
    { where: 'the log', text: await stage.operator.log(), sign: 'this process leads' },
    { where: 'an event', text: JSON.stringify(events), sign: '"reason":"Launching"' },
    { where: 'a status', text: [...stage.statuses].join('\n'), sign: '"Serving"' },
  ]
  return told.flatMap(({ where, text, sign }) => {
    if (!text.includes(sign)) return [`${where} could not be looked at`]
    return ['PRIVATE KEY', ...parts].some(part => text.includes(part)) ? [where] : []
  })
}

/** What is still there of a cluster that was deleted; `pids` are those that its machines had. */
export async function leftovers(stage: ClusterStage, cluster: ClusterResource, pids: readonly number[]) {
  // One that has ended and that nobody has waited for yet does not run.
  const running = await Promise.all(pids.map(processOf))
  return {
    pids: running.flatMap(each => each?.pid ?? []),
    secrets: (await stage.secretsOf(cluster)).map(({ metadata }) => metadata.name),
    homes: await stage.fleet.homes(),
    addresses: await stage.fleet.addresses(),
    claims: await stage.fleet.claims(),
  }
}

export const nothing = { pids: [], secrets: [], homes: [], addresses: [], claims: [] }

/** A mark of what each Secret holds, by their names: tests compare and print no key. */
export const marksOf = (secrets: readonly SecretResource[]) =>
  Object.fromEntries(secrets.map(each => [each.metadata.name, markOf(each)] as const))

export const markOf = (secret: SecretResource | undefined): string | undefined =>
  secret && digest(secret.data)
