import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { newContexts } from '@kubernetes/client-node/dist/config_types.js'
import { parse, YAMLParseError } from 'yaml'
import { list, optional, ParseError, record, text } from '../lib/parse.ts'
import { type Access, misconfigured } from './access.ts'
import { anonymous, clusterOf, type Entry, userOf, word } from './kubeconfig-entry.ts'

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
      `must be YAML or JSON${cause instanceof YAMLParseError ? `: ${cause.code} at character ${cause.pos[0]}` : ''}`,
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

function named(
  entries: readonly Entry[],
  { name: title, path: at, fields }: Entry,
  kind: 'cluster' | 'user',
): Entry {
  const path = `${at}.${kind}`
  const [context] = newContexts([
    { name: title, context: { ...fields, cluster: text(fields['cluster'], `${at}.cluster`) } },
  ])
  const wanted = text(context?.[kind], path)
  const found = entries.find(({ name }) => name === wanted)
  if (found !== undefined) return found
  const known = entries.map(({ name }) => name).join(', ') || 'none'
  throw new ParseError(path, `names ${wanted}, which is not there; there are ${known}`)
}
