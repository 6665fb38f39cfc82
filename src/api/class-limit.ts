import { containsRange } from '../lib/cidr.ts'
import { listAt, reach, recordAt, textsAt } from '../lib/reach.ts'
import { celPattern, readPattern } from './class-pattern.ts'

/** What is asked of a class, as the API server has it. */
export interface Asked {
  readonly className: string
  /** The class's spec. */
  readonly allowed: unknown
  /** The cluster's spec, as its user wrote it. */
  readonly spec: unknown
  /** As it was accepted before; undefined for a new cluster. What was there before is not forbidden anew. */
  readonly before: unknown
  readonly namespace: { readonly name: string; readonly labels: Readonly<Record<string, string>> }
}

/** One thing that a class limits, said twice: for the API server's policy and for the operator, with one message. */
export interface Limit {
  /** CEL: a list of what is beyond the class, in words; empty where nothing is. */
  readonly cel: string
  beyond(asked: Asked): readonly string[]
}

type Path = readonly string[]
type Form = 'list' | 'text' | 'keys'

/** Which values a class allows: its own defaults, and these overrides. */
interface Allowing {
  readonly how: 'listed' | 'pattern' | 'range'
  readonly overrides: string
  /** Where its defaults have such a value, and what they mean where they say nothing. */
  readonly own?: { readonly path: Path; readonly form: 'list' | 'text'; readonly otherwise?: string }
}

interface Values extends Allowing {
  readonly path: Path
  readonly form: Form
}

/** Every value at a place of the spec must be one that the class allows. */
export function values(of: Values): Limit {
  const place = `spec.${of.path.join('.')}`
  const isBeyond = (value: string) =>
    `!(${value} in ${celBefore(of.path, of.form)}) && !(${celAllows(of, value)})`
  const found = celValues('object.spec', of.path, of.form)
  return {
    cel: `[${found}.filter(v, ${isBeyond('v')})].filter(b, b.size() > 0).map(b, '${place}: ' + ${celBeyond('b', of)})`,
    beyond({ className, allowed, spec, before }) {
      const wrong = valuesIn(spec, of.path, of.form).filter(
        value => !valuesIn(before, of.path, of.form).includes(value) && !allows(of, allowed, value),
      )
      return wrong.length === 0 ? [] : [`${place}: ${textBeyond(wrong, of, className, allowed)}`]
    },
  }
}

/** The same for a place of each of the workerGroups, which has one message for each group. */
export function valuesInGroups(of: Values): Limit {
  const name = of.path.join('.')
  const ofGroup = celValues('g', of.path, of.form)
  const ofOld = celValues('o', of.path, of.form)
  const isBeyond = `!${oldGroups}.exists(o, v in ${ofOld}) && !(${celAllows(of, 'v')})`
  const filtered = `${ofGroup}.filter(v, ${isBeyond})`
  return {
    cel:
      `${newGroups}.filter(g, ${ofGroup}.exists(v, ${isBeyond}))` +
      `.map(g, 'spec.workerGroups[' + g.name + '].${name}: ' + ${celBeyond(filtered, of)})`,
    beyond({ className, allowed, spec, before }) {
      const known = new Set(groupsIn(before).flatMap(each => valuesIn(each, of.path, of.form)))
      return groupsIn(spec).flatMap(group => {
        const wrong = valuesIn(group, of.path, of.form).filter(
          value => !known.has(value) && !allows(of, allowed, value),
        )
        const place = `spec.workerGroups[${String(reach(group, ['name']))}].${name}`
        return wrong.length === 0 ? [] : [`${place}: ${textBeyond(wrong, of, className, allowed)}`]
      })
    },
  }
}

export const groupsIn = (spec: unknown): readonly unknown[] => listAt(spec, ['workerGroups'])
export const newGroups = celValues('object.spec', ['workerGroups'], 'list')
export const oldGroups = celBefore(['workerGroups'], 'list')

/** `has()` of every member on the way. */
export function celHas(root: string, path: Path): string {
  return path.map((_, at) => `has(${[root, ...path.slice(0, at + 1)].join('.')})`).join(' && ')
}

/** A list, whatever is there. */
function celValues(root: string, path: Path, form: Form): string {
  const at = [root, ...path].join('.')
  const found = { list: at, text: `[${at}]`, keys: `${at}.map(k, k)` }[form]
  return `(${celHas(root, path)} ? ${found} : [])`
}

function celBefore(path: Path, form: Form): string {
  return `(oldObject == null ? [] : ${celValues('oldObject.spec', path, form)})`
}

function valuesIn(root: unknown, path: Path, form: Form): readonly string[] {
  return form === 'keys' ? Object.keys(recordAt(root, path)) : textsAt(root, path)
}

function celAllowed({ overrides, own }: Allowing): string {
  const beside = `params.spec.overrides.${overrides}`
  if (own === undefined) return beside
  const { path, form, otherwise } = own
  const at = ['params.spec.defaults', ...path].join('.')
  const usual = otherwise === undefined ? '[]' : `['${otherwise}']`
  return `((${celHas('params.spec.defaults', path)} ? ${form === 'list' ? at : `[${at}]`} : ${usual}) + ${beside})`
}

function allowedIn({ overrides, own }: Allowing, allowed: unknown): readonly string[] {
  const beside = textsAt(allowed, ['overrides', overrides])
  if (own === undefined) return beside
  const said = textsAt(allowed, ['defaults', ...own.path])
  return [...(said.length === 0 && own.otherwise !== undefined ? [own.otherwise] : said), ...beside]
}

function celAllows(of: Allowing, value: string): string {
  const list = celAllowed(of)
  const tests = {
    listed: `${value} in ${list}`,
    pattern: `${list}.exists(p, ${value}.matches(${celPattern('p')}))`,
    range: `${list}.exists(r, cidr(r).containsCIDR(${value}))`,
  }
  return tests[of.how]
}

function allows(of: Allowing, allowed: unknown, value: string): boolean {
  const list = allowedIn(of, allowed)
  const tests = {
    listed: () => list.includes(value),
    pattern: () => list.some(pattern => readPattern(pattern).test(value)),
    range: () => list.some(range => containsRange(range, value)),
  }
  return tests[of.how]()
}

const celBeyond = (found: string, of: Allowing): string =>
  `${found}.join(', ') + ' is beyond class ' + params.metadata.name + ', which allows ' + [${celAllowed(of)}].map(a, a.size() == 0 ? 'nothing' : a.join(', ')).join('')`

function textBeyond(found: readonly string[], of: Allowing, className: string, allowed: unknown): string {
  const list = allowedIn(of, allowed)
  return `${found.join(', ')} is beyond class ${className}, which allows ${list.length === 0 ? 'nothing' : list.join(', ')}`
}
