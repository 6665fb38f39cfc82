import { invalidValue } from './failure.ts'
import type { Filter } from './form.ts'

/** What a filter of each name compares with; a thing has tags as well. */
export type Facts<Thing> = Readonly<Record<string, (thing: Thing) => readonly (string | undefined)[]>>

interface Tagged {
  readonly tags: ReadonlyMap<string, string>
}

/** The things that all filters let through. A filter that the action does not have is an error, as with EC2. */
export function filtered<Thing extends Tagged>(
  things: readonly Thing[],
  filters: readonly Filter[],
  facts: Facts<Thing>,
): readonly Thing[] {
  const tests = filters.map(filter => ({ fact: factOf(filter, facts), fits: pattern(filter.values) }))
  return things.filter(thing => tests.every(({ fact, fits }) => fact(thing).some(fits)))
}

function factOf<Thing extends Tagged>({ name }: Filter, facts: Facts<Thing>): Facts<Thing>[string] {
  const fact = Object.hasOwn(facts, name) ? facts[name] : undefined
  if (fact !== undefined) return fact
  if (name.startsWith('tag:')) return ({ tags }) => [tags.get(name.slice('tag:'.length))]
  if (name === 'tag-key') return ({ tags }) => [...tags.keys()]
  throw invalidValue(`The filter '${name}' is invalid`)
}

/** `*` stands for any characters and `?` for one; the values of a filter are alternatives. */
function pattern(values: readonly string[]): (found: string | undefined) => boolean {
  if (values.length > 200) throw invalidValue('The maximum number of filter values is 200')
  const plain = new Set(values)
  const wild = values.filter(value => /[*?]/.test(value)).map(asExpression)
  return found => found !== undefined && (plain.has(found) || wild.some(each => each.test(found)))
}

function asExpression(value: string): RegExp {
  const text = value
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${text}$`, 's')
}
