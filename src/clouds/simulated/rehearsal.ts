import { flag, integer, list, noOthers, oneOf, optional, ParseError, record, text } from '../../lib/parse.ts'
import { faults } from '../../model/faults.ts'
import type { About, CallName, Script, Trouble } from './provider.ts'

/** What the calls of one name meet, in the words of a script. */
export interface Rule {
  readonly call: CallName
  /** So many calls meet it, then it is used up; undefined for all of them. */
  readonly times: number | undefined
  /** Launches meet it whose offering has this in it; undefined for all. */
  readonly offering: string | undefined
  /** Only calls with this token meet it; undefined for all of them. */
  readonly token: string | undefined
  readonly trouble: Trouble
}

export interface RehearsalOptions {
  /** The rules as JSON, as they are now; throws where there is none to be read. */
  readonly read: () => string
  /** What every call meets anyway; a rule's own times stand in place of these. */
  readonly usual: Trouble
  /** Told once of a text that cannot be taken: the rules before it go on. */
  readonly onProblem: (error: unknown) => void
}

/** A script by rules that a person may rewrite at any time. Of the rules for a call the first that is not used up counts. */
export class Rehearsal {
  readonly #options: RehearsalOptions
  #rules: readonly Rule[] = []
  #met = new Map<Rule, number>()
  #known: string | undefined
  /** Why it could not be read the last time. */
  #unread: string | undefined

  constructor(options: RehearsalOptions) {
    this.#options = options
  }

  readonly script: Script = (name, _at, about = {}) => {
    this.#renew()
    const { usual } = this.#options
    const rule = this.#rules.find(each => each.call === name && isMeant(each, about) && this.#isLeft(each))
    if (rule === undefined) return usual
    this.#met.set(rule, this.#metBy(rule) + 1)
    return { ...usual, ...rule.trouble }
  }

  #isLeft(rule: Rule): boolean {
    return rule.times === undefined || this.#metBy(rule) < rule.times
  }

  #metBy(rule: Rule): number {
    return this.#met.get(rule) ?? 0
  }

  /** Every change begins anew, with all rules unused. */
  #renew(): void {
    const now = this.#read()
    if (now === undefined || now === this.#known) return
    this.#known = now
    try {
      this.#rules = parseRules(now)
      this.#met = new Map()
    } catch (error) {
      this.#options.onProblem(error)
    }
  }

  #read(): string | undefined {
    try {
      const found = this.#options.read()
      this.#unread = undefined
      return found
    } catch (error) {
      if (this.#unread !== String(error)) this.#options.onProblem(error)
      this.#unread = String(error)
      return undefined
    }
  }
}

const isMeant = (rule: Rule, { offering = '', token }: About): boolean =>
  offering.includes(rule.offering ?? '') && (rule.token ?? token) === token

/** Throws a ParseError whose path begins with `[`, the number of the rule. */
export function parseRules(json: string): readonly Rule[] {
  return list(jsonOf(json), 'the rules').map((raw, index) => parseRule(raw, `[${index}]`))
}

function jsonOf(written: string): unknown {
  try {
    return JSON.parse(written)
  } catch (cause) {
    throw new ParseError(
      'the rules',
      `must be JSON; ${cause instanceof Error ? cause.message : 'they are not'}`,
    )
  }
}

function parseRule(raw: unknown, path: string): Rule {
  const { call: name, times, offering, token, ...rest } = record(raw, path)
  const call = oneOf(name, `${path}.call`, callNames)
  const isLook = call === 'connect' || call === 'rehearse'
  const isOfOne = call === 'launch' || call === 'rehearse'
  const known = isLook ? (['refuse'] as const) : [...always, ...only[call]]
  noOthers(rest, path, ['call', 'times', 'token', ...(isOfOne ? ['offering'] : []), ...known])
  const trouble = known
    .filter(member => rest[member] !== undefined)
    .reduce<Trouble>((all, member) => ({ ...all, ...readers[member](rest[member], `${path}.${member}`) }), {})
  if (offering !== undefined && !isOfOne)
    throw new ParseError(`${path}.offering`, 'is for launches: remove it, or make call launch')
  return {
    call,
    times: optional(times, `${path}.times`, count),
    offering: optional(offering, `${path}.offering`, text),
    token: optional(token, `${path}.token`, text),
    trouble,
  }
}

type Member = keyof Trouble

const callNames = ['list', 'launch', 'terminate', 'reserve', 'release', 'connect', 'rehearse'] as const
const always: readonly Member[] = ['delayMs', 'answerMs', 'refuse', 'answer']
const only: Readonly<Record<CallName, readonly Member[]>> = {
  list: ['hideNewMs', 'hide', 'empty'],
  launch: ['lateMs', 'atMost', 'forget', 'neverJoins'],
  terminate: ['leavingMs'],
  reserve: [],
  release: [],
  connect: [],
  rehearse: [],
}

const readers: Readonly<Record<Member, (raw: unknown, path: string) => Trouble>> = {
  delayMs: (raw, path) => ({ delayMs: time(raw, path) }),
  answerMs: (raw, path) => ({ answerMs: time(raw, path) }),
  refuse: (raw, path) => ({ refuse: oneOf(raw, path, faults) }),
  answer: (raw, path) => ({ answer: oneOf(raw, path, faults) }),
  lateMs: (raw, path) => ({ lateMs: time(raw, path) }),
  atMost: (raw, path) => ({ atMost: count(raw, path) }),
  forget: (raw, path) => ({ forget: flag(raw, path) }),
  neverJoins: (raw, path) => ({ neverJoins: text(raw, path) }),
  leavingMs: (raw, path) => ({ leavingMs: time(raw, path) }),
  hideNewMs: (raw, path) => ({ hideNewMs: time(raw, path) }),
  hide: (raw, path) => ({ hide: typeof raw === 'number' ? share(raw, path) : ids(raw, path) }),
  empty: (raw, path) => ({ empty: flag(raw, path) }),
}

const day = 86_400_000
const time = (raw: unknown, path: string): number => integer(raw, path, { min: 0, max: day })
const count = (raw: unknown, path: string): number => integer(raw, path, { min: 1, max: 1_000_000 })
const ids = (raw: unknown, path: string): readonly string[] =>
  list(raw, path).map((id, index) => text(id, `${path}[${index}]`))

function share(raw: number, path: string): number {
  if (raw >= 0 && raw <= 1) return raw
  throw new ParseError(path, `must be a share from 0 to 1 or a list of machine ids, found ${raw}`)
}
