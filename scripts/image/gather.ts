import { copyFileSync, globSync, lstatSync, mkdirSync, readdirSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { manifestsOf, reachable } from './reach.ts'

// `gather.ts FOLDER`: copies there what the image needs of the packages installed here, and nothing that cannot be loaded.

/** Licences are passed on with what they are about. */
const isLicence = (file: string): boolean =>
  /^(?:licen[cs]e|copying|notice|patents)(?:[.-]|$)/i.test(basename(file))

const [target] = process.argv.slice(2)
if (target === undefined) throw new Error('gather.ts FOLDER: where to copy what is needed of node_modules')
const root = join(import.meta.dirname, '../..')
const modules = join(root, 'node_modules')

const sources = globSync('src/**/*.ts', { cwd: root }).map(path => join(root, path))
const loaded = [...reachable(sources)].filter(file => file.startsWith(`${modules}/`))
const manifests = new Set(loaded.flatMap(manifestsOf))
const licences = [...new Set([...manifests].map(dirname))].flatMap(folder =>
  readdirSync(folder)
    .filter(isLicence)
    .map(name => join(folder, name)),
)
const kept = new Set([...loaded, ...manifests, ...licences])
for (const file of kept) {
  const copy = join(target, relative(modules, file))
  mkdirSync(dirname(copy), { recursive: true })
  copyFileSync(file, copy)
}
const bytes = [...kept].reduce((sum, file) => sum + lstatSync(file).size, 0)
console.log(`${(bytes / 1e6).toFixed(1)} MB in ${kept.size} files`)
