// Its module for the words of a kubeconfig alone: the package's index takes 84 MiB, for clients that are not used here.
import { newClusters, newUsers } from '@kubernetes/client-node/dist/config_types.js'
import { isRecord, list, optional, ParseError, record, text } from '../lib/parse.ts'
import { fileIn, type Headers, type Material } from './access.ts'
import { pluginOf } from './plugin-settings.ts'

type Fields = Readonly<Record<string, unknown>>

/** A named entry of a kubeconfig, and the folder of the file that it stands in: paths are relative to that. */
export interface Entry {
  readonly name: string
  /** For messages: `users[name].user`. */
  readonly path: string
  readonly fields: Fields
  readonly directory: string
}

export function clusterOf(entry: Entry) {
  const { name, fields, path } = entry
  const server = text(fields['server'], `${path}.server`)
  const [cluster] = newClusters([{ name, cluster: { ...fields, server } }])
  if (!/^https?:$/.test(URL.parse(server)?.protocol ?? '')) {
    throw new ParseError(
      `${path}.server`,
      `must be a URL that begins with https:// or http://, found "${server}"`,
    )
  }
  const verifies = cluster?.skipTLSVerify !== true
  const authority = material(entry, 'certificate-authority', [cluster?.caData, cluster?.caFile])
  if (!verifies && authority !== undefined) {
    throw new ParseError(
      `${path}.insecure-skip-tls-verify`,
      'must not be true where certificate-authority is given',
    )
  }
  return {
    server: server.replace(/\/+$/, ''),
    proxy: word(cluster?.proxyUrl, `${path}.proxy-url`),
    serverName: word(cluster?.tlsServerName, `${path}.tls-server-name`),
    verifies,
    authority,
  }
}

export const anonymous = {
  certificate: undefined,
  key: undefined,
  token: undefined,
  headers: {},
  plugin: undefined,
}

type User = ReturnType<typeof newUsers>[number]

export function userOf(entry: Entry, cluster: Entry) {
  const { name, fields, path } = entry
  // A field that kubectl does not know, and that would be read as a file's name.
  const [user] = newUsers([{ name, user: { ...fields, 'token-file': undefined } }])
  if (isRecord(user?.authProvider)) {
    throw new ParseError(
      `${path}.auth-provider`,
      'is not supported; use exec with the plugin that took its place',
    )
  }
  return {
    certificate: material(entry, 'client-certificate', [user?.certData, user?.certFile]),
    key: material(entry, 'client-key', [user?.keyData, user?.keyFile]),
    token: tokenOf(entry, user),
    headers: { ...basicOf(entry, user), ...impersonationOf(entry, user) },
    plugin: pluginOf(entry, clusterOf(cluster), cluster.fields),
  }
}

/** What stands in the kubeconfig itself wins over a file, as for kubectl. */
function material(
  { path, directory }: Entry,
  field: string,
  [data, name]: readonly [data: unknown, file: unknown],
): Material | undefined {
  const inside = word(data, `${path}.${field}-data`)
  if (inside !== undefined) return { kind: 'text', text: Buffer.from(inside, 'base64').toString('utf8') }
  const file = word(name, `${path}.${field}`)
  return file === undefined ? undefined : fileIn(directory, file)
}

/** Of tokens it is the other way round: a file's is newer. client-node does not know the file's field. */
function tokenOf({ fields, path, directory }: Entry, user: User | undefined): Material | undefined {
  const file = word(fields['tokenFile'], `${path}.tokenFile`)
  if (file !== undefined) return fileIn(directory, file)
  const inside = word(user?.token, `${path}.token`)
  return inside === undefined ? undefined : { kind: 'text', text: inside }
}

function basicOf({ path }: Entry, user: User | undefined): Headers {
  const username = word(user?.username, `${path}.username`)
  if (username === undefined) return {}
  const password = word(user?.password, `${path}.password`) ?? ''
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }
}

/** Of these client-node knows the user alone. */
function impersonationOf({ fields, path }: Entry, given: User | undefined): Headers {
  const user = word(given?.impersonateUser, `${path}.as`)
  const uid = word(fields['as-uid'], `${path}.as-uid`)
  const groups = words(fields['as-groups'], `${path}.as-groups`)
  const extra = Object.entries(optional(fields['as-user-extra'], `${path}.as-user-extra`, record) ?? {})
  return {
    ...(user === undefined ? {} : { 'impersonate-user': user }),
    ...(uid === undefined ? {} : { 'impersonate-uid': uid }),
    ...(groups.length === 0 ? {} : { 'impersonate-group': groups }),
    ...Object.fromEntries(
      extra.map(([key, values]) => [
        `impersonate-extra-${encodeURIComponent(key.toLowerCase())}`,
        words(values, `${path}.as-user-extra.${key}`),
      ]),
    ),
  }
}

const words = (raw: unknown, path: string): readonly string[] =>
  (optional(raw, path, list) ?? []).map((item, at) => text(item, `${path}[${at}]`))

/** A text that may be absent or empty. The error does not show what was found: it may be a secret. */
export function word(raw: unknown, path: string): string | undefined {
  if (raw === undefined || raw === null || raw === '') return undefined
  if (typeof raw === 'string') return raw
  throw new ParseError(path, `must be a text, found a ${Array.isArray(raw) ? 'list' : typeof raw}`)
}
