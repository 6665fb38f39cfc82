import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Call } from '../../src/lib/call.ts'
import { isRecord } from '../../src/lib/parse.ts'
import { temporaryFolder } from '../remains.ts'
import { type NpmAnswer, type NpmSurroundings, npm } from './npm.ts'

export type Verdict =
  | { readonly kind: 'clean'; readonly packages: number }
  | { readonly kind: 'found'; readonly findings: readonly string[] }
  /** Nobody knows: the registry was not there, or has no advisories to compare with. */
  | { readonly kind: 'unchecked'; readonly why: string }

/** A version with published advisories: a registry that knows of none compares with nothing. */
const canary = { name: 'minimist', version: '0.0.8' }

/** npm itself would wait for a registry for five minutes, three times. */
const patience = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-timeout=20000']
const politely = ['--json', '--audit-level=low', ...patience]
const kinds = {
  'what runs': ['--omit=dev'],
  'all, with what is for development': ['--include=dev'],
} as const

export type Audit = Readonly<Record<keyof typeof kinds, Verdict>>

/**
 * What the registry that npm is configured for knows against the packages of the lock file. npm itself finds nothing
 * when it is offline, or when a mirror answers every question with an empty one; so a version that is known to be bad
 * is asked about, too.
 */
export async function audit(where: NpmSurroundings, call: Call): Promise<Audit> {
  const registry = (await npm(['config', 'get', 'registry'], where, call)).output.trim()
  const ask = async (folder: string, kind: readonly string[]): Promise<Verdict> =>
    verdictOf(
      await npm(['audit', ...politely, ...kind, `--registry=${registry}`], { ...where, folder }, call),
    )
  const runs = await ask(where.folder, kinds['what runs'])
  const all =
    runs.kind === 'unchecked' ? runs : await ask(where.folder, kinds['all, with what is for development'])
  const doubt = [runs, all].some(({ kind }) => kind === 'clean') ? await doubtOf(ask) : undefined
  const believed = (verdict: Verdict): Verdict =>
    verdict.kind === 'clean' && doubt !== undefined ? { kind: 'unchecked', why: doubt } : verdict
  return { 'what runs': believed(runs), 'all, with what is for development': believed(all) }
}

/** Why a registry that finds nothing is not believed, or undefined. */
async function doubtOf(
  ask: (folder: string, kind: readonly string[]) => Promise<Verdict>,
): Promise<string | undefined> {
  const folder = await temporaryFolder('audit')
  try {
    const dependencies = { [canary.name]: canary.version }
    const root = { name: 'canary', version: '1.0.0', dependencies }
    const lock = {
      ...root,
      lockfileVersion: 3,
      packages: { '': root, [`node_modules/${canary.name}`]: { version: canary.version } },
    }
    await writeFile(join(folder, 'package.json'), JSON.stringify(root))
    await writeFile(join(folder, 'package-lock.json'), JSON.stringify(lock))
    if ((await ask(folder, [])).kind === 'found') return undefined
    return `npm finds nothing against ${canary.name} ${canary.version} either, which has published advisories: it is offline, or the registry has none to compare with`
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** As `npm audit --json` says it: a report, or the answer of a registry that made none. */
export function verdictOf({ output, complaints }: Pick<NpmAnswer, 'output' | 'complaints'>): Verdict {
  const said = parsed(output)
  if (!isRecord(said) || !isRecord(said['vulnerabilities']))
    return { kind: 'unchecked', why: whyOf(said, complaints) }
  const findings = Object.entries(said['vulnerabilities']).map(([name, found]) => finding(name, found))
  if (findings.length > 0) return { kind: 'found', findings }
  return { kind: 'clean', packages: countOf(said['metadata']) }
}

function parsed(output: string): unknown {
  try {
    return JSON.parse(output)
  } catch {
    return undefined
  }
}

/** Without the registry’s address, which may hold a password. */
function whyOf(said: unknown, complaints: string): string {
  const status = isRecord(said) ? said['statusCode'] : undefined
  if (status === 404 || status === 405 || status === 410 || status === 501)
    return `the registry answers no questions about advisories (${status})`
  if (typeof status === 'number') return `the registry refuses to answer (${status})`
  const code = /\b(?:E[A-Z_]{4,}|ERR_[A-Z_]+)\b/.exec(`${JSON.stringify(said) ?? ''} ${complaints}`)?.[0]
  return code === undefined
    ? 'npm gave no report'
    : `the registry cannot be reached or does not answer as npm expects (${code})`
}

function finding(name: string, raw: unknown): string {
  const { severity, range, via } = isRecord(raw) ? raw : {}
  const reasons = (Array.isArray(via) ? via : []).map((each: unknown) =>
    isRecord(each) ? `${text(each['title'])} ${text(each['url'])}`.trim() : `by ${text(each)}`,
  )
  return `${name} ${text(range)} (${text(severity)}): ${reasons.join('; ')}`
}

const text = (raw: unknown): string => (typeof raw === 'string' ? raw : '')

function countOf(metadata: unknown): number {
  const counts = isRecord(metadata) ? metadata['dependencies'] : undefined
  const total = isRecord(counts) ? counts['total'] : undefined
  return typeof total === 'number' ? total : 0
}
