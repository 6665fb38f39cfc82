import type { Call } from '../lib/call.ts'
import { isRecord } from '../lib/parse.ts'
import type { Renewal } from '../model/renewal.ts'
import type { SchedulerConnection } from './connection.ts'

/** What machines are given; nothing of it is secret but the key of `given`. */
export interface NewMaterial {
  /** Whom they are to trust from now on, all of them: PEM. */
  readonly ca: string
  /**
   * A certificate for the key of a signing request, both PEM; throws a TypeError on a request that is none. Undefined where
   * machines keep the one they have.
   */
  readonly certify: ((request: string) => string) | undefined
  /**
   * In place of that: a certificate with its key, for the scheduler that is asked, if it shows a certificate of which the
   * SHA-256 is among those of the `holders`.
   */
  readonly given?: { readonly cert: string; readonly key: string; readonly holders: readonly string[] }
}

type Message =
  | { readonly op: 'request' }
  | { readonly op: 'install'; readonly ca: string; readonly cert?: string; readonly key?: string }
type Messages = ReadonlyMap<string, Message>
type Answers = ReadonlyMap<string, unknown>

/** Has the scheduler make a new key and take a certificate for it, or only trust others, while it runs. Throws a `DaskError`. */
export async function renewScheduler(
  connection: SchedulerConnection,
  material: NewMaterial,
  call: Call,
): Promise<Renewal> {
  const { given } = material
  if (given !== undefined && !given.holders.some(print => print === connection.print)) return stranger
  const own = ''
  const ask = async (messages: Messages): Promise<Answers> => {
    const { op, ...args } = messages.get(own) ?? nothing
    return new Map([[own, await connection.call(`dask_cloud_tls_${op}`, args, call)]])
  }
  return (await renew([own], material, ask)).get(own) ?? silent
}

/** The same of workers, by address; their scheduler passes on what each is to have. Throws a `DaskError`. */
export async function renewWorkers(
  connection: SchedulerConnection,
  addresses: readonly string[],
  material: NewMaterial,
  call: Call,
): Promise<ReadonlyMap<string, Renewal>> {
  const ask = async (messages: Messages): Promise<Answers> => {
    const answer = await connection.call(
      'dask_cloud_tls_relay',
      { messages: Object.fromEntries(messages) },
      call,
    )
    // A scheduler of an older version passes nothing on.
    return new Map(isRecord(answer) ? Object.entries(answer) : [])
  }
  return renew(addresses, material, ask)
}

async function renew(
  addresses: readonly string[],
  { ca, certify, given }: NewMaterial,
  ask: (messages: Messages) => Promise<Answers>,
): Promise<ReadonlyMap<string, Renewal>> {
  const found = new Map<string, Renewal>()
  const leaf = given && { cert: given.cert, key: given.key }
  const installs = new Map<string, Message>()
  const requests = certify && (await ask(new Map(addresses.map(address => [address, nothing]))))
  for (const address of addresses) {
    const cert = certify === undefined ? undefined : certified(requests?.get(address), certify)
    if (typeof cert === 'object') found.set(address, cert)
    else installs.set(address, { op: 'install', ca, ...leaf, ...(cert === undefined ? {} : { cert }) })
  }
  const answers = installs.size === 0 ? new Map<string, unknown>() : await ask(installs)
  for (const address of installs.keys()) found.set(address, taken(answers.get(address)))
  return found
}

const nothing: Message = { op: 'request' }

function certified(answer: unknown, certify: (request: string) => string): string | Renewal {
  if (!isRecord(answer) || typeof answer['request'] !== 'string') return declined(answer)
  try {
    return certify(answer['request'])
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return { kind: 'failed', problem: `its request cannot be signed: ${error.message}` }
  }
}

const taken = (answer: unknown): Renewal =>
  isRecord(answer) && 'cert' in answer ? { kind: 'done' } : declined(answer)

function declined(answer: unknown): Renewal {
  if (answer === null || answer === undefined) return silent
  const said = isRecord(answer) ? answer['problem'] : undefined
  if (said === 'no openssl')
    return { kind: 'unable', problem: 'there is no openssl on it, which makes the new key' }
  const words = typeof said === 'string' ? said.replaceAll(/\s+/g, ' ').slice(0, 200) : 'no word why'
  return { kind: 'failed', problem: `it took nothing: ${words}` }
}

/** Whoever has a certificate of the same authority could be in the scheduler's place. */
const stranger: Renewal = {
  kind: 'failed',
  problem: 'it shows a certificate that it was never given, so it is given no key',
}

const silent: Renewal = { kind: 'unable', problem: 'it was launched by a version that renews nothing' }
