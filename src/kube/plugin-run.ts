import { type ChildProcess, spawn } from 'node:child_process'
import type { Call } from '../lib/call.ts'
import { oneOf, optional, ParseError, record, text } from '../lib/parse.ts'
import { redacted, redactedEnd } from '../telemetry/redaction.ts'
import { misconfigured, type Plugin } from './access.ts'
import type { KubeError } from './fault.ts'

/** What a plugin printed. `expiresAt` is in milliseconds since the epoch, Infinity where it said nothing. */
export interface PluginCredential {
  readonly token: string | undefined
  /** PEM. */
  readonly certificate: string | undefined
  /** PEM. */
  readonly key: string | undefined
  readonly expiresAt: number
}

export interface RunOptions {
  /** The cluster's authority as PEM, for plugins that asked for the cluster. */
  readonly authority: string | undefined
  /** The longest that the plugin may take. */
  readonly deadlineMs: number
}

const maxOutputBytes = 1_048_576
const longestComplaint = 65_536
const tailCharacters = 400

/** Runs the plugin once. Throws a KubeError that names the user, the command and what to do; no secret is in it. */
export async function runPlugin(plugin: Plugin, options: RunOptions, call: Call): Promise<PluginCredential> {
  const end = await run(plugin, options, call).catch(
    (error: unknown): End => ({ kind: 'not-started', code: codeOf(error) }),
  )
  switch (end.kind) {
    case 'not-started':
      throw trouble(
        plugin,
        `cannot be started (${end.code}); install it, or put its whole path into exec.command`,
      )
    case 'late':
      throw trouble(
        plugin,
        `did not end within ${options.deadlineMs / 1_000} s and was killed${seen(plugin, end)}`,
      )
    case 'stopped':
      throw trouble(plugin, 'was stopped with the connection it was for')
    case 'too-much':
      throw trouble(plugin, `printed more than ${maxOutputBytes} bytes; it has to print one ExecCredential`)
    case 'ended':
      if (end.how !== 'exit code 0') throw trouble(plugin, `ended with ${end.how}${seen(plugin, end)}`)
      return credentialOf(plugin, end.output)
    default:
      return end satisfies never
  }
}

type End =
  | { readonly kind: 'not-started'; readonly code: string }
  | { readonly kind: 'too-much' | 'stopped' }
  | { readonly kind: 'late'; readonly said: string }
  | { readonly kind: 'ended'; readonly how: string; readonly output: string; readonly said: string }

const closeMs = 1_000

async function run(plugin: Plugin, { authority, deadlineMs }: RunOptions, { signal }: Call): Promise<End> {
  const env = { ...process.env, ...plugin.env, KUBERNETES_EXEC_INFO: execInfo(plugin, authority) }
  // A group of its own, so that what it started ends with it; no input, since nobody is there to type.
  const child = spawn(plugin.command, plugin.args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const output: Buffer[] = []
  let bytes = 0
  let said = ''
  const ended = Promise.withResolvers<End>()
  const stop = (): void => ended.resolve({ kind: 'stopped' })
  const timer = setTimeout(() => ended.resolve({ kind: 'late', said }), deadlineMs)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > maxOutputBytes) ended.resolve({ kind: 'too-much' })
    else output.push(chunk)
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said = (said + chunk).slice(-longestComplaint)
  })
  child.once('error', error => ended.resolve({ kind: 'not-started', code: codeOf(error) }))
  const end = (how: string): void =>
    ended.resolve({ kind: 'ended', how, output: Buffer.concat(output).toString('utf8'), said })
  // Whatever it left behind may hold its output open: it has said what it had to say.
  let patience: NodeJS.Timeout | undefined
  child.once('exit', (code, by) => {
    patience = setTimeout(() => end(by ?? `exit code ${code}`), closeMs)
  })
  child.once('close', (code, by) => end(by ?? `exit code ${code}`))
  try {
    return await ended.promise
  } finally {
    clearTimeout(timer)
    clearTimeout(patience)
    signal.removeEventListener('abort', stop)
    endGroup(child)
  }
}

/** What it started ends with it, also where it ended by itself. */
function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // Nobody of it is left.
  }
  child.stdout?.destroy()
  child.stderr?.destroy()
}

function execInfo({ apiVersion, cluster }: Plugin, authority: string | undefined): string {
  const data = authority === undefined ? undefined : Buffer.from(authority).toString('base64')
  const told = cluster && { ...cluster, 'certificate-authority-data': data }
  return JSON.stringify({ kind: 'ExecCredential', apiVersion, spec: { interactive: false, cluster: told } })
}

function credentialOf(plugin: Plugin, output: string): PluginCredential {
  try {
    const raw = record(json(output), 'its output')
    oneOf(raw['kind'], 'kind', ['ExecCredential'])
    oneOf(raw['apiVersion'], 'apiVersion', [plugin.apiVersion])
    const status = record(raw['status'], 'status')
    const token = secret(status['token'], 'status.token')
    const certificate = secret(status['clientCertificateData'], 'status.clientCertificateData')
    const key = secret(status['clientKeyData'], 'status.clientKeyData')
    if ((certificate === undefined) !== (key === undefined)) {
      throw new ParseError('status', 'must have both clientCertificateData and clientKeyData, or neither')
    }
    if (token === undefined && certificate === undefined) {
      throw new ParseError('status', 'must have a token, or clientCertificateData and clientKeyData')
    }
    return {
      token,
      certificate,
      key,
      expiresAt: optional(status['expirationTimestamp'], expiry, time) ?? Infinity,
    }
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    throw trouble(plugin, `did not print an ExecCredential of ${plugin.apiVersion}: ${error.message}`)
  }
}

const expiry = 'status.expirationTimestamp'

function json(output: string): unknown {
  try {
    return JSON.parse(output)
  } catch {
    throw new ParseError('its output', output.trim() === '' ? 'is empty' : 'is not JSON')
  }
}

/** What was found is not shown. */
function secret(raw: unknown, path: string): string | undefined {
  if (raw === undefined || raw === null || raw === '') return undefined
  if (typeof raw === 'string') return raw
  throw new ParseError(path, 'must be a text')
}

function time(raw: unknown, path: string): number {
  const at = Date.parse(text(raw, path))
  if (Number.isNaN(at)) throw new ParseError(path, 'must be a time as RFC 3339 writes it')
  return at
}

/** The end of its complaint. Settings of its environment are taken out, and whatever else looks like a secret. */
function seen({ env }: Plugin, { said }: { readonly said: string }): string {
  const hidden = Object.values(env).filter(value => value.length >= 6)
  const clean = hidden.reduce((shown, value) => shown.replaceAll(value, redacted), said)
  const tail = redactedEnd(clean.trim().replaceAll(/\s+/g, ' '), tailCharacters)
  return tail === '' ? ' without a word' : `: ${tail}`
}

function trouble({ user, command, installHint }: Plugin, problem: string): KubeError {
  const hint = installHint === '' ? '' : ` (${installHint.replaceAll(/\s+/g, ' ').slice(0, tailCharacters)})`
  return misconfigured(
    `the credentials of the user ${user} cannot be had: the plugin ${command} ${problem}${hint}; ` +
      'run it by hand as the operator’s user to see more',
  )
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'for a reason unknown'
