import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parse } from 'yaml'
import { isRecord, list, optional, ParseError, record, text } from '../lib/parse.ts'
import { type Access, fileIn, type Headers, type Material, misconfigured } from './access.ts'
import { pluginOf } from './plugin-settings.ts'

type Fields = Readonly<Record<string, unknown>>

/** A named entry of a kubeconfig, and the folder of the file that it stands in: paths are relative to that. */
interface Entry {
  readonly name: string
  /** For messages: `users[name].user`. */
  readonly path: string
  readonly fields: Fields
  readonly directory: string
}

interface Entries {
  readonly clusters: readonly Entry[]
  readonly users: readonly Entry[]
  readonly contexts: readonly Entry[]
  readonly current: string
}

/** Kubeconfigs that are read time and again: a text that has not changed is parsed once. */
export class Kubeconfigs {
  readonly #parsed = new Map<string, { readonly content: string; readonly entries: Entries }>()

  /**
   * What one context of one or several kubeconfigs says, joined as kubectl does: the first that names a thing is right.
   * Of several files those that do not exist are passed over. Throws a KubeError that names the file and the field.
   */
  async read(
    files: readonly string[],
    context: string | undefined,
  ): Promise<{ readonly access: Access; readonly context: string }> {
    const origin = files.join(', ')
    const contents = await Promise.all(files.map(file => contentOf(file, files.length > 1)))
    const all = files.flatMap((file, at) => this.#entriesOf(file, contents[at]))
    if (all.length === 0) throw misconfigured(`the kubeconfig cannot be read: there is none of ${origin}`)
    const name = context ?? all.map(({ current }) => current).find(current => current !== '')
    return naming(origin, () => accessOf(joined(all), name, origin))
  }

  #entriesOf(file: string, content: string | undefined): readonly Entries[] {
    if (content === undefined) return []
    const known = this.#parsed.get(file)
    const entries = known?.content === content ? known.entries : entriesOf(content, file)
    this.#parsed.set(file, { content, entries })
    return [entries]
  }
}

async function contentOf(file: string, mayBeMissing: boolean): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const { code, message } = cause instanceof Error && 'code' in cause ? cause : { code: '', message: '' }
    if (code === 'ENOENT' && mayBeMissing) return undefined
    throw misconfigured(`the kubeconfig cannot be read: ${message}`, cause)
  }
}

const joined = (all: readonly Entries[]): Entries => ({
  clusters: all.flatMap(({ clusters }) => clusters),
  users: all.flatMap(({ users }) => users),
  contexts: all.flatMap(({ contexts }) => contexts),
  current: '',
})

function entriesOf(content: string, file: string): Entries {
  return naming(file, () => {
    const raw = record(parsed(content), 'its content')
    const directory = dirname(file)
    const entries = (many: string, one: string): readonly Entry[] =>
      (optional(raw[many], many, list) ?? []).map((item, at) => {
        const { name: given, [one]: fields } = record(item, `${many}[${at}]`)
        const name = text(given, `${many}[${at}].name`)
        const path = `${many}[${name}].${one}`
        return { name, path, fields: optional(fields, path, record) ?? {}, directory }
      })
    return {
      clusters: entries('clusters', 'cluster'),
      users: entries('users', 'user'),
      contexts: entries('contexts', 'context'),
      current: word(raw['current-context'], 'current-context') ?? '',
    }
  })
}

/** Says nothing of the text itself: it may be a key's. */
function parsed(content: string): unknown {
  try {
    return parse(content, { prettyErrors: false, logLevel: 'error' })
  } catch (cause) {
    throw new ParseError(
      'its content',
      `must be YAML or JSON${cause instanceof Error ? `: ${cause.message}` : ''}`,
    )
  }
}

function naming<T>(origin: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof ParseError) throw misconfigured(`the kubeconfig ${origin}: ${error.message}`, error)
    throw error
  }
}

function accessOf(all: Entries, wanted: string | undefined, origin: string) {
  const context = all.contexts.find(({ name }) => name === wanted)
  if (context === undefined) {
    const known = all.contexts.map(({ name }) => name).join(', ') || 'none'
    if (wanted === undefined)
      throw misconfigured(`the kubeconfig ${origin} has no current-context; there are ${known}`)
    throw misconfigured(`the kubeconfig has no context ${wanted}; there are ${known}`)
  }
  const cluster = named(all.clusters, context, 'cluster')
  const isAnonymous = word(context.fields['user'], `${context.path}.user`) === undefined
  const user = isAnonymous ? undefined : named(all.users, context, 'user')
  const namespace = word(context.fields['namespace'], `${context.path}.namespace`)
  const access: Access = {
    origin,
    ...clusterOf(cluster),
    ...(user === undefined ? anonymous : userOf(user, cluster)),
    namespace: namespace === undefined ? undefined : { kind: 'text', text: namespace },
  }
  return { access, context: context.name }
}

function named(entries: readonly Entry[], context: Entry, kind: 'cluster' | 'user'): Entry {
  const path = `${context.path}.${kind}`
  const wanted = text(context.fields[kind], path)
  const found = entries.find(({ name }) => name === wanted)
  if (found !== undefined) return found
  const known = entries.map(({ name }) => name).join(', ') || 'none'
  throw new ParseError(path, `names ${wanted}, which is not there; there are ${known}`)
}

function clusterOf(entry: Entry) {
  const { fields, path } = entry
  const server = text(fields['server'], `${path}.server`)
  if (!/^https?:$/.test(URL.parse(server)?.protocol ?? '')) {
    throw new ParseError(
      `${path}.server`,
      `must be a URL that begins with https:// or http://, found "${server}"`,
    )
  }
  const verifies = fields['insecure-skip-tls-verify'] !== true
  const authority = material(entry, 'certificate-authority')
  if (!verifies && authority !== undefined) {
    throw new ParseError(
      `${path}.insecure-skip-tls-verify`,
      'must not be true where certificate-authority is given',
    )
  }
  return {
    server: server.replace(/\/+$/, ''),
    proxy: word(fields['proxy-url'], `${path}.proxy-url`),
    serverName: word(fields['tls-server-name'], `${path}.tls-server-name`),
    verifies,
    authority,
  }
}

const anonymous = { certificate: undefined, key: undefined, token: undefined, headers: {}, plugin: undefined }

function userOf(entry: Entry, cluster: Entry) {
  const { fields, path } = entry
  if (isRecord(fields['auth-provider'])) {
    throw new ParseError(
      `${path}.auth-provider`,
      'is not supported; use exec with the plugin that took its place',
    )
  }
  return {
    certificate: material(entry, 'client-certificate'),
    key: material(entry, 'client-key'),
    token: tokenOf(entry),
    headers: { ...basicOf(entry), ...impersonationOf(entry) },
    plugin: pluginOf(entry, clusterOf(cluster), cluster.fields),
  }
}

/** What stands in the kubeconfig itself wins over a file, as for kubectl. */
function material({ fields, path, directory }: Entry, field: string): Material | undefined {
  const inside = word(fields[`${field}-data`], `${path}.${field}-data`)
  if (inside !== undefined) return { kind: 'text', text: Buffer.from(inside, 'base64').toString('utf8') }
  const file = word(fields[field], `${path}.${field}`)
  return file === undefined ? undefined : fileIn(directory, file)
}

/** Of tokens it is the other way round: a file's is newer. */
function tokenOf({ fields, path, directory }: Entry): Material | undefined {
  const file = word(fields['tokenFile'], `${path}.tokenFile`)
  if (file !== undefined) return fileIn(directory, file)
  const inside = word(fields['token'], `${path}.token`)
  return inside === undefined ? undefined : { kind: 'text', text: inside }
}

function basicOf({ fields, path }: Entry): Headers {
  const username = word(fields['username'], `${path}.username`)
  if (username === undefined) return {}
  const password = word(fields['password'], `${path}.password`) ?? ''
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }
}

function impersonationOf({ fields, path }: Entry): Headers {
  const user = word(fields['as'], `${path}.as`)
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
function word(raw: unknown, path: string): string | undefined {
  if (raw === undefined || raw === null || raw === '') return undefined
  if (typeof raw === 'string') return raw
  throw new ParseError(path, `must be a text, found a ${Array.isArray(raw) ? 'list' : typeof raw}`)
}
