import { existsSync, readFileSync, statSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** How one file names another: what a package answers may differ with it. */
interface Naming {
  readonly how: 'import' | 'require'
  readonly what: string
}

/** `import type` and `export type` are gone before Node runs a source. */
const typesOnly = /\b(?:import|export) type [^;'"]*? from '[^']+'/g
const imports = [/\bfrom\s*["']([^"'\n]+)["']/g, /\bimport\s*\(?\s*["']([^"'\n]+)["']/g]
const requires = [/(?:\brequire(?:\.resolve)?|\bcreateRequire\([^()]*\))\s*\(\s*["']([^"'\n]+)["']/g]

const programs = new Set(['.ts', '.js', '.mjs', '.cjs'])
const isTypes = (file: string): boolean => /\.d\.[cm]?ts$/.test(file)

/**
 * Every file that running `entries` may load: whatever they name in an import or a require, whether at once or on some way
 * through them, and so on. Words of comments count too: it may be more than is loaded, and never less, but for names that
 * are put together while a program runs. Needs `--experimental-import-meta-resolve`.
 */
export function reachable(entries: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>()
  const waiting = [...entries]
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (found.has(file) || isTypes(file)) continue
    found.add(file)
    if (programs.has(extname(file))) waiting.push(...named(file))
  }
  return found
}

function named(file: string): readonly string[] {
  return namings(readFileSync(file, 'utf8'))
    .filter(({ what }) => !isBuiltin(what))
    .flatMap(naming => resolved(naming, file) ?? [])
}

function namings(text: string): readonly Naming[] {
  const code = text.replaceAll(typesOnly, '')
  const all = (how: Naming['how'], patterns: readonly RegExp[]): readonly Naming[] =>
    patterns.flatMap(pattern => [...code.matchAll(pattern)].map(([, what = '']) => ({ how, what })))
  return [...all('import', imports), ...all('require', requires)]
}

/** Undefined where nothing is there: a word of a comment, or what a program does without. */
function resolved({ how, what }: Naming, from: string): string | undefined {
  try {
    if (how === 'require') return createRequire(from).resolve(what)
    const file = fileURLToPath(import.meta.resolve(what, pathToFileURL(from)))
    return statSync(file).isFile() ? file : undefined
  } catch {
    return undefined
  }
}

/** The descriptions that Node reads on the way to a file: its package's, and those of folders within. */
export function manifestsOf(file: string): readonly string[] {
  const found: string[] = []
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json')
    if (existsSync(manifest)) found.push(manifest)
    if (isPackage(folder) || folder === dirname(folder)) return found
  }
}

const isPackage = (folder: string): boolean => /\/node_modules\/(?:@[^/]+\/)?[^/]+$/.test(folder)
