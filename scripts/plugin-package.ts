import { execFileSync } from 'node:child_process'
import { copyFileSync, globSync, readFileSync, rmSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'

/**
 * What npm runs before it packs `plugin/`: Node runs no TypeScript below node_modules, so the package holds what the compiler
 * makes of src/cli/main.ts and of all that it imports when it runs. It fails where that needs a package which the plugin's own
 * package.json does not name, or the other way round.
 */
const root = join(import.meta.dirname, '..')
const plugin = join(root, 'plugin')
const lib = join(plugin, 'lib')
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
const imports =
  /^(?:import|export)\s(?:[\w$*{},\s]+\sfrom\s)?['"](?<from>[^'"]+)['"]|\bimport\(['"](?<lazy>[^'"]+)['"]\)/gm

rmSync(lib, { recursive: true, force: true })
execFileSync(process.execPath, [compiler, '-p', plugin], { stdio: 'inherit' })
copyFileSync(join(root, 'LICENSE'), join(plugin, 'LICENSE'))

const used = new Set<string>()
const packages = new Set<string>()
visit(join(lib, 'cli', 'main.js'))
// The compiler writes files, too, of which types alone are used.
for (const file of globSync('**/*.js', { cwd: lib })) if (!used.has(join(lib, file))) rmSync(join(lib, file))

const { dependencies }: { readonly dependencies: object } = JSON.parse(
  readFileSync(join(plugin, 'package.json'), 'utf8'),
)
const [named, needed] = [Object.keys(dependencies), [...packages]].map(names => names.toSorted().join(', '))
if (named !== needed) {
  console.error(`plugin/package.json depends on ${named}; what is packed imports ${needed}`)
  process.exitCode = 1
}

function visit(file: string): void {
  if (used.has(file)) return
  used.add(file)
  for (const { groups = {} } of readFileSync(file, 'utf8').matchAll(imports)) {
    const name = groups['from'] ?? groups['lazy'] ?? ''
    if (name.startsWith('.')) visit(join(dirname(file), name))
    else if (!isBuiltin(name))
      packages.add(
        name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/'),
      )
  }
}
