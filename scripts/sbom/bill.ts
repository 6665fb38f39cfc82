import { isRecord } from '../../src/lib/parse.ts'

type Members = Readonly<Record<string, unknown>>

/**
 * The part of npm's bill of all packages that `npm ci --omit=dev` installs, by the lock file. npm's own `--omit=dev`
 * leaves out what is for development *as well*, `yaml` for one (https://github.com/npm/cli/issues/7909).
 */
export function production(
  bill: Members,
  { name, lock }: { readonly name: string; readonly lock: Members },
): Members {
  const kept = running(lock)
  // npm calls the project by its folder, which is another one everywhere.
  const root: Members = { ...record(record(bill['metadata'])['component']), name }
  const isKept = (ref: unknown): boolean =>
    ref === root['bom-ref'] || (typeof ref === 'string' && kept.has(ref))
  return {
    ...bill,
    metadata: { ...record(bill['metadata']), component: root },
    components: records(bill['components']).filter(each => isKept(each['bom-ref'])),
    dependencies: records(bill['dependencies'])
      .filter(({ ref }) => isKept(ref))
      .map(each => ({ ...each, dependsOn: list(each['dependsOn']).filter(isKept) })),
  }
}

/** As `name@version`. */
function running(lock: Members): ReadonlySet<string> {
  const entries = Object.entries(record(lock['packages'])).map(([path, entry]) => ({
    path,
    ...record(entry),
  }))
  return new Set(
    entries
      .filter(({ path, dev }: { path: string; dev?: unknown }) => path !== '' && dev !== true)
      .map(({ path, version }: { path: string; version?: unknown }) => `${nameIn(path)}@${String(version)}`),
  )
}

/** Packages within packages have both their paths. */
const nameIn = (path: string): string => path.split('node_modules/').at(-1) ?? ''

const record = (raw: unknown): Members => (isRecord(raw) ? raw : {})
const list = (raw: unknown): readonly unknown[] => (Array.isArray(raw) ? raw : [])
const records = (raw: unknown): readonly Members[] => list(raw).map(record)
