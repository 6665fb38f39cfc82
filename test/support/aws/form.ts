import { Ec2Failure, invalidValue } from './failure.ts'

export interface Filter {
  readonly name: string
  readonly values: readonly string[]
}

/** What every request has beside its own parameters. */
const common = new Set(['Action', 'Version', 'DryRun'])

/** The parameters of a request, read by name: what nobody has read is a parameter that EC2 does not know. */
export class Form {
  readonly #entries: ReadonlyMap<string, string>
  readonly #prefix: string
  readonly #read: Set<string>

  constructor(entries: ReadonlyMap<string, string>, prefix = '', read = new Set<string>()) {
    this.#entries = entries
    this.#prefix = prefix
    this.#read = read
  }

  /** Throws as EC2 does, for the first parameter that no action has read. */
  noOthers(): void {
    for (const name of this.#entries.keys())
      if (!this.#read.has(name) && !common.has(name))
        throw new Ec2Failure('UnknownParameter', `The parameter ${name} is not recognized`)
  }

  text(name: string): string {
    const found = this.maybe(name)
    if (found !== undefined && found !== '') return found
    const message = `The request must contain the parameter ${this.#prefix}${name}`
    throw new Ec2Failure('MissingParameter', message)
  }

  maybe(name: string): string | undefined {
    this.#read.add(this.#prefix + name)
    return this.#entries.get(this.#prefix + name)
  }

  oneOf<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const given = this.maybe(name)
    if (given === undefined) return undefined
    const word = words.find(each => each === given)
    if (word === undefined) throw invalidValue(`Value (${given}) for parameter ${name} is invalid.`)
    return word
  }

  integer(name: string): number | undefined {
    const given = this.maybe(name)
    if (given === undefined) return undefined
    if (!/^-?\d+$/.test(given)) throw invalidValue(`Invalid integer '${given}' for ${name}`)
    return Number(given)
  }

  flag(name: string): boolean | undefined {
    const word = this.oneOf(name, ['true', 'false'])
    return word === undefined ? undefined : word === 'true'
  }

  /** `InstanceId.1`, `InstanceId.2` ... */
  texts(name: string): readonly string[] {
    return this.#numbers(name).flatMap(number => this.maybe(`${name}.${number}`) ?? [])
  }

  child(name: string): Form {
    return new Form(this.#entries, `${this.#prefix}${name}.`, this.#read)
  }

  has(name: string): boolean {
    const start = `${this.#prefix}${name}`
    return [...this.#entries.keys()].some(key => key === start || key.startsWith(`${start}.`))
  }

  children(name: string): readonly Form[] {
    return this.#numbers(name).map(number => this.child(`${name}.${number}`))
  }

  filters(): readonly Filter[] {
    return this.children('Filter').map(each => ({ name: each.text('Name'), values: each.texts('Value') }))
  }

  /** The tags given for one kind of resource, of all `TagSpecification`s. Kinds not in `kinds` are refused. */
  tags(kinds: readonly string[]): (kind: string) => ReadonlyMap<string, string> {
    const given = this.children('TagSpecification').map(each => ({
      kind: each.oneOf('ResourceType', kinds) ?? '',
      tags: each.pairs(),
    }))
    return kind => new Map(given.filter(each => each.kind === kind).flatMap(({ tags }) => [...tags]))
  }

  pairs(): ReadonlyMap<string, string> {
    const tags = new Map<string, string>()
    for (const each of this.children('Tag')) {
      const key = each.text('Key')
      if (key.startsWith('aws:')) throw invalidValue(`Tag keys starting with 'aws:' are reserved`)
      if (tags.has(key)) throw invalidValue(`Duplicate tag key '${key}' specified.`)
      const value = each.maybe('Value') ?? ''
      if (key.length > 127 || value.length > 255) throw invalidValue(`Tag '${key}' is too long.`)
      tags.set(key, value)
    }
    if (tags.size > 50) throw new Ec2Failure('TagLimitExceeded', 'The maximum number of tags is 50')
    return tags
  }

  #numbers(name: string): readonly number[] {
    const start = `${this.#prefix}${name}.`
    const found = [...this.#entries.keys()]
      .filter(key => key.startsWith(start))
      .map(key => Number(key.slice(start.length).split('.')[0]))
    return [...new Set(found)].filter(Number.isInteger).toSorted((a, b) => a - b)
  }
}
