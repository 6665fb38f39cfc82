import { integer, oneOf, ParseError, record, text } from '../../lib/parse.ts'
import type { Endpoint } from '../../model/machine.ts'
import {
  type ClusterKey,
  type ClusterUid,
  clusterUid,
  type Fingerprint,
  fingerprint,
  type LaunchId,
  launchId,
  type Role,
  readClusterKey,
} from '../../model/names.ts'

/** What is written of a machine before anything of it runs. Nothing of it changes afterwards. */
export interface Tags {
  readonly token: string
  readonly owner: ClusterUid
  readonly cluster: ClusterKey
  readonly role: Role
  readonly group: string
  readonly launch: LaunchId
  readonly seq: number
  readonly fingerprint: Fingerprint
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly endpoint: Endpoint
}

export function parseTags(raw: unknown): Tags {
  const tags = record(raw, 'tags')
  const word = (name: string): string => text(tags[name], `tags.${name}`)
  return {
    token: word('token'),
    owner: clusterUid(word('owner')),
    cluster: readClusterKey(word('cluster')),
    role: oneOf(tags['role'], 'tags.role', ['scheduler', 'worker']),
    group: word('group'),
    launch: launchId(word('launch')),
    seq: integer(tags['seq'], 'tags.seq', { min: 0, max: Number.MAX_SAFE_INTEGER }),
    fingerprint: fingerprint(word('fingerprint')),
    createdAt: integer(tags['createdAt'], 'tags.createdAt', { min: 0, max: Number.MAX_SAFE_INTEGER }),
    endpoint: parseEndpoint(tags['endpoint'], 'tags.endpoint'),
  }
}

/** Only addresses that nobody outside reaches: a file that says otherwise is not ours. */
export function parseEndpoint(raw: unknown, path: string): Endpoint {
  const { host, port } = record(raw, path)
  const written = text(host, `${path}.host`)
  if (!/^127(\.\d{1,3}){3}$/.test(written)) throw new ParseError(`${path}.host`, 'must be a loopback address')
  return { host: written, port: integer(port, `${path}.port`, { min: 1, max: 65_535 }) }
}
