import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { isKubeError } from '../../src/kube/fault.ts'
import { connectKube, type KubeTransport } from '../../src/kube/transport.ts'
import { type Call, within } from '../../src/lib/call.ts'
import type { Asked } from './command.ts'
import { stoppable } from './ground.ts'
import { items, type Members, members, word } from './kubernetes.ts'
import { lackingRights } from './rights.ts'
import { findCrd, otherOperator } from './tenancy.ts'

/** The user's cluster cannot take the demo; the message says why and what to do. Nothing was changed. */
export class Unfit extends Error {
  override readonly name = 'Unfit'
}

export interface Fit extends AsyncDisposable {
  readonly kube: KubeTransport
  readonly context: string
  readonly server: string
  readonly version: string
  /** The very CRD of this checkout is there already. */
  readonly hasCrd: boolean
}

/** The CRD's rules are in CEL, which is a stable part of Kubernetes from there on. */
const oldestMinor = 29
const answerMs = 3_000
const checksMs = 10_000
const closeMs = 200

type Place = NonNullable<Asked['cluster']>

/** Looks at the file, the API server, what is there and what may be done, and changes nothing. Throws an Unfit. */
export async function whatFits({ file, context: asked }: Place, call: Call): Promise<Fit> {
  const limited = within(call, checksMs)
  const { context, server } = await contextOf(file, asked)
  const kube = await connectKube({ kubeconfig: file, context, connections: 64 }).catch(cause => {
    throw new Unfit(`--kubeconfig ${file}: ${sentence(cause)}`, { cause })
  })
  try {
    const version = await newEnough(kube, { context, server }, limited)
    const lacking = await lackingRights(kube, limited)
    if (lacking.length > 0)
      throw new Unfit(
        `the user of the context ${context} may not ${lacking.join(', ')}: the demo makes namespaces and the CRD, and runs the ` +
          'operator as this user. Use one with these rights, a cluster-admin for instance',
      )
    const crd = await findCrd(kube, limited)
    if (crd.kind === 'other') throw new Unfit(crd.problem)
    const other = await otherOperator(kube, limited)
    if (other !== undefined) throw new Unfit(other)
    return {
      kube,
      context,
      server,
      version,
      hasCrd: crd.kind === 'same',
      [Symbol.asyncDispose]: () => kube[Symbol.asyncDispose](),
    }
  } catch (error) {
    await stoppable(kube[Symbol.asyncDispose](), within(call, closeMs)).catch(() => undefined)
    call.signal.throwIfAborted()
    if (error instanceof Unfit || !isKubeError(error)) throw error
    throw new Unfit(`the API server ${server} does not say what has to be known: ${sentence(error)}`, {
      cause: error,
    })
  }
}

interface Where {
  readonly context: string
  readonly server: string
}

/** The context that is meant and the API server it leads to, as the file has them. */
async function contextOf(file: string, asked: string | undefined): Promise<Where> {
  const config = await kubeconfigIn(file)
  const contexts = items(config['contexts'])
  const names = contexts.map(({ name }) => word(name) ?? '')
  const known = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`
  const name = asked ?? word(config['current-context'])
  if (!name) throw new Unfit(`${file} has no current context: say which with --context NAME; ${known}`)
  const context = contexts.find(each => each['name'] === name)
  if (context === undefined) throw new Unfit(`${file} has no context ${name}: ${known}`)
  const wanted = word(members(context['context'])['cluster'])
  const found = items(config['clusters']).find(each => each['name'] === wanted)
  const server = word(members(found?.['cluster'])['server'])
  if (server === undefined)
    throw new Unfit(`${file}: the context ${name} leads to no server: its cluster is ${wanted}`)
  return { context: name, server }
}

async function kubeconfigIn(file: string): Promise<Members> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const problem = unreadable[error.code ?? ''] ?? `cannot be read: ${error.message}`
    throw new Unfit(`--kubeconfig ${file}: ${problem}`, { cause: error })
  })
  const config = members(parsed(text))
  if (Array.isArray(config['contexts'])) return config
  throw new Unfit(
    `--kubeconfig ${file}: this is no kubeconfig (kind get kubeconfig, kubectl config view --raw --flatten print one)`,
  )
}

const unreadable: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'it may not be read by this user',
  EISDIR: 'it is a folder',
}

function parsed(text: string): unknown {
  try {
    return parse(text)
  } catch {
    return undefined
  }
}

async function newEnough(kube: KubeTransport, { context, server }: Where, call: Call): Promise<string> {
  const limited = within(call, answerMs)
  const { gitVersion, major, minor } = members(
    // A connection that nobody answers would be waited for beyond the deadline.
    await stoppable(kube.request({ method: 'GET', path: '/version' }, limited), limited).catch(cause => {
      const advice = isKubeError(cause, 401, 403)
        ? 'refuses these credentials: are they still valid?'
        : 'does not answer: does the cluster run, and is this its address?'
      throw new Unfit(`the API server ${server} of the context ${context} ${advice} (${sentence(cause)})`, {
        cause,
      })
    }),
  )
  const version = word(gitVersion) ?? `${word(major)}.${word(minor)}`
  // Some providers write the minor as `29+`.
  if (Number(word(major)) > 1 || Number.parseInt(word(minor) ?? '', 10) >= oldestMinor) return version
  throw new Unfit(
    `the API server is Kubernetes ${version}: the CRD needs 1.${oldestMinor} or newer, for rules in CEL`,
  )
}

/** With its cause: what a credential plugin complains of stands there. */
function sentence(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `nothing came in ${answerMs / 1000} s`
  const because = error.cause instanceof Error ? `: ${error.cause.message}` : ''
  return `${error.message}${because}`
}
