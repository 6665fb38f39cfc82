import { isMap, isScalar, isSeq, LineCounter, type Pair, parseDocument, type Range } from 'yaml'

import { ParseError } from '../../lib/parse.ts'
import { parseUnit } from './unit-text.ts'

/** What a user data asks for, once nothing of it is left unknown. */
export interface BootPlan {
  readonly files: readonly BootFile[]
  /** Names of the units to start, in this order. */
  readonly units: readonly string[]
}

export interface BootFile {
  readonly path: string
  /** Permission bits. */
  readonly mode: number
  readonly content: string
}

/** The places that a boot text may write: everything else on a real machine is the machine's own. */
const writable = /^\/etc\/(dask\/[A-Za-z0-9_][A-Za-z0-9_.-]*|systemd\/system\/[a-z][a-z0-9-]*\.service)$/
/** Programs that need a machine of their own: here they would change the user's computer, or could not. */
const elsewhere: Readonly<Record<string, string>> = {
  '/etc/dask/setup.sh':
    'spec.software.setup is not for the local cloud: its commands run as root on a machine',
  '/etc/dask/pull.sh':
    'spec.software.image is not for the local cloud, which runs no containers: use spec.software.python',
}
const unitPath = /^\/etc\/systemd\/system\/(.*)$/
const reload = 'systemctl daemon-reload'
const enable = 'systemctl enable --now --no-block'

/**
 * Reads the `#cloud-config` that real machines boot from, and refuses all that this cloud would not do the same way:
 * it must not drift from what cloud-init and systemd make of it. Throws a ParseError that names the line.
 */
export function interpret(userData: string): BootPlan {
  const text = new BootText(userData)
  const plan = text.plan()
  for (const { path, content } of plan.files) if (unitPath.test(path)) parseUnit(content, path)
  for (const unit of plan.units)
    if (!plan.files.some(({ path }) => path === `/etc/systemd/system/${unit}`))
      throw new ParseError('user data', `runcmd starts ${unit}, which no file describes`)
  return plan
}

/** A document whose nodes know their lines. */
class BootText {
  readonly #lines = new LineCounter()
  readonly #root: unknown

  constructor(userData: string) {
    if (!userData.startsWith('#cloud-config\n'))
      throw new ParseError('user data, line 1', 'must be #cloud-config')
    const document = parseDocument(userData, { lineCounter: this.#lines, version: '1.2', strict: true })
    const [problem] = [...document.errors, ...document.warnings]
    if (problem !== undefined) throw new ParseError('user data', problem.message)
    this.#root = document.contents
  }

  plan(): BootPlan {
    const { write_files: files, runcmd } = this.#members(this.#root, ['write_files', 'runcmd'])
    const written = this.#items(files).map(file => this.#file(file))
    const paths = written.map(({ path }) => path)
    const twice = paths.find((path, at) => paths.indexOf(path) !== at)
    if (twice !== undefined) throw new ParseError('user data', `${twice} is written twice`)
    return { files: written, units: this.#units(this.#items(runcmd)) }
  }

  #file(node: unknown): BootFile {
    const { path, permissions, content } = this.#members(node, ['path', 'permissions', 'content'])
    const place = this.#text(path)
    const hindrance = Object.hasOwn(elsewhere, place) ? elsewhere[place] : undefined
    if (hindrance !== undefined) this.#refuse(path, hindrance)
    if (!writable.test(place))
      this.#refuse(
        path,
        `writes ${place}, which is no file of Dask or systemd: spec.software.files are not for the local cloud`,
      )
    const mode = this.#text(permissions)
    if (!/^0[0-7]{3}$/.test(mode)) this.#refuse(permissions, `${mode} are no permissions such as 0644`)
    return { path: place, mode: Number.parseInt(mode, 8), content: this.#text(content) }
  }

  #units(commands: readonly unknown[]): readonly string[] {
    return commands.flatMap(command => {
      const words = this.#items(command).map(word => this.#text(word))
      const line = words.join(' ')
      if (line === reload) return []
      const units = words.slice(enable.split(' ').length)
      if (units.length > 0 && line === [enable, ...units].join(' ')) return units
      return this.#refuse(command, `runs ${line}; known are ${reload} and ${enable} UNITS`)
    })
  }

  /** Exactly these members. */
  #members<const Name extends string>(node: unknown, names: readonly Name[]): Record<Name, unknown> {
    if (!isMap(node)) return this.#refuse(node, `must be an object of ${names.join(', ')}`)
    const pairs: readonly Pair[] = node.items
    const found = new Map(pairs.map(pair => [this.#text(pair.key), pair]))
    for (const [key, pair] of found)
      if (!names.some(name => name === key))
        this.#refuse(pair.key, `${key} is not known here; known are ${names.join(', ')}`)
    const member = (name: Name): [Name, unknown] => [
      name,
      found.get(name)?.value ?? this.#refuse(node, `${name} is missing`),
    ]
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one entry of each name was just made
    return Object.fromEntries(names.map(member)) as Record<Name, unknown>
  }

  #items(node: unknown): readonly unknown[] {
    return isSeq(node) && plain(node) ? node.items : this.#refuse(node, 'must be a list')
  }

  #text(node: unknown): string {
    return isScalar(node) && typeof node.value === 'string' && plain(node)
      ? node.value
      : this.#refuse(node, 'must be a text')
  }

  #refuse(node: unknown, problem: string): never {
    const range: Range | null | undefined = hasRange(node) ? node.range : undefined
    const place = range ? `user data, line ${this.#lines.linePos(range[0]).line}` : 'user data'
    throw new ParseError(place, problem)
  }
}

const hasRange = (node: unknown): node is { readonly range?: Range | null } =>
  typeof node === 'object' && node !== null && 'range' in node

/** Without the anchors and tags that let YAML mean something else. */
const plain = (node: { readonly anchor?: unknown; readonly tag?: unknown }): boolean =>
  node.anchor === undefined && node.tag === undefined
