import type { Call } from '../lib/call.ts'
import type { Action, PlannedLaunch } from '../model/action.ts'
import { CloudError, certainty, type Fault, isOfOffering } from '../model/faults.ts'
import type { Launch } from '../model/launch.ts'
import type { LaunchId } from '../model/names.ts'
import type { Verdict } from '../model/world.ts'
import { endpointsFor } from '../plan/endpoints.ts'
import type { Bench } from './act.ts'
import type { LaunchDraft, PreparedLaunch } from './ports.ts'

type Step<T extends Action['type']> = Extract<Action, { type: T }>

/** Writes launches to status, all in one write, before the cloud hears of any. */
export async function recordLaunches(
  { launches }: Step<'record-launches'>,
  bench: Bench,
  call: Call,
): Promise<void> {
  const { ledger, desk } = bench
  const before = bench.seen.launches ?? []
  const first = (bench.seen.ledger?.seq ?? 0) + 1
  const records = await Promise.all(
    launches.map((planned, index) => draft(planned, first + index, bench, call)),
  )
  await write(bench, [...before, ...records], first + records.length - 1, call)
  const now = desk.clock.now()
  for (const { id } of records) ledger.recorded(id, now)
  const seconds = (now - (ledger.busySince ?? now)) / 1000
  const times = records.map(({ role }) => ({ role, stage: 'recorded', seconds }) as const)
  desk.hands.measure(bench.world.cluster, times)
}

/**
 * Sends recorded launches side by side and holds what the cloud answered to be written down with the pass's status: until
 * then they are sent again with the same token, and mean the same machines. An offering that is refused for certain makes room
 * for the next, which is written down before it is sent. A failed launch pauses its group; the first failure is thrown
 * at the end, so that it is reported and the others are not lost.
 */
export async function sendLaunches(
  { launches }: Step<'send-launches'>,
  bench: Bench,
  call: Call,
): Promise<void> {
  const due = (bench.seen.launches ?? []).filter(({ id }) => launches.includes(id))
  // What this process did not write itself may have been taken back since: a look that is behind must not send it.
  if (due.some(({ id }) => !isUnmade(bench.ledger.verdict(id))))
    await bench.desk.hands.confirm(bench.seen, call)
  let seq = bench.seen.ledger?.seq ?? 0
  const round = { bench, nextSeq: () => ++seq }
  const sent = await Promise.all(due.map(launch => send(launch, round, call)))
  const news = new Map(
    sent.flatMap(({ id, news: told }) => (told === undefined ? [] : [[id, told] as const])),
  )
  if (news.size > 0)
    hold(
      bench,
      (bench.seen.launches ?? []).map(launch => ({ ...launch, ...news.get(launch.id) })),
      seq,
    )
  if (sent.some(({ news: told }) => told?.offering !== undefined)) bench.goesOn = true
  const failure = sent.find(({ error }) => error !== undefined)
  if (failure !== undefined) throw failure.error
}

/** Drops and marks records as planned. */
export async function settleLaunches({ drop, forget }: Step<'settle-launches'>, bench: Bench): Promise<void> {
  const since = bench.desk.clock.now()
  const after = (bench.seen.launches ?? [])
    .filter(({ id }) => !drop.includes(id))
    .map(
      (launch): Launch =>
        forget.includes(launch.id) ? { ...launch, state: { kind: 'forgotten', since } } : launch,
    )
  hold(bench, after, bench.seen.ledger?.seq ?? 0)
}

async function write(bench: Bench, launches: readonly Launch[], seq: number, call: Call): Promise<void> {
  bench.seen = await bench.desk.hands.writeLaunches(bench.seen, { launches, seq }, call)
  delete bench.held
}

function hold(bench: Bench, launches: readonly Launch[], seq: number): void {
  const ledger = bench.seen.ledger && { ...bench.seen.ledger, seq }
  bench.seen = { ...bench.seen, launches, ledger }
  bench.held = { launches, seq }
}

async function draft(planned: PlannedLaunch, seq: number, bench: Bench, call: Call): Promise<Launch> {
  const { desk, world } = bench
  const { cluster } = world
  const outline = { ...planned, id: desk.newLaunchId(), seq, offering: 0 }
  const { scope, offerings, hash } = await prepareAnew(outline, bench, call).catch((error: unknown) => {
    const { fault, problem } = reasonOf(error)
    bench.ledger.pause(
      { name: planned.group, fingerprint: planned.fingerprint },
      fault,
      problem,
      desk.clock.now(),
    )
    throw error
  })
  return {
    ...outline,
    owner: cluster.uid,
    generation: cluster.generation,
    scope,
    offerings,
    requestHash: hash,
    recordedAt: desk.clock.now(),
    state: { kind: 'open' },
  }
}

interface Refusal {
  readonly launch: Launch
  readonly before: Verdict
  readonly error: unknown
}

interface Sent {
  readonly id: LaunchId
  /** What is to be written down, where there is news. */
  readonly news?: Partial<Pick<Launch, 'state' | 'seq' | 'offering' | 'requestHash'>>
  readonly error?: unknown
}

/** Launches that are sent side by side take their numbers in the ledger from one counter. */
interface Round {
  readonly bench: Bench
  readonly nextSeq: () => number
}

async function send(launch: Launch, round: Round, call: Call): Promise<Sent> {
  const { bench } = round
  const { ledger, desk } = bench
  const { id } = launch
  const known = ledger.answerTo(id)
  if (known !== undefined) return { id, news: { state: known } }
  const before = ledger.verdict(id)
  const choice = launch.offerings[launch.offering] ?? ''
  const prepared = await prepare({ ...launch, choice }, bench, call).catch((reason: unknown) => ({ reason }))
  if ('reason' in prepared) return unfit(launch, prepared.reason, bench)
  if (prepared.hash !== launch.requestHash) {
    ledger.judged(id, isUnmade(before) ? 'void' : 'spent')
    return { id }
  }
  const sentAt = desk.clock.now()
  ledger.sending(id, sentAt)
  try {
    const machines = await prepared.send(call)
    const at = desk.clock.now()
    ledger.heard(id, 'unclear', at)
    ledger.resume(launch.group)
    ledger.journeys.begin(machines, at)
    const time = { role: launch.role, stage: 'accepted', seconds: (at - sentAt) / 1000 } as const
    desk.hands.measure(bench.world.cluster, [time])
    const state = { kind: 'accepted', at, machines } as const
    ledger.answered(id, state)
    return { id, news: { state } }
  } catch (error) {
    const refusal = { launch, before, error }
    return (await advanced(refusal, round, call)) ?? failed(refusal, bench)
  }
}

/** Nothing was sent. The group rests, as after a refusal. */
function unfit(launch: Launch, error: unknown, { ledger, desk }: Bench): Sent {
  const { fault, problem } = reasonOf(error)
  ledger.pause({ name: launch.group, fingerprint: launch.fingerprint }, fault, problem, desk.clock.now())
  return { id: launch.id, error }
}

function reasonOf(error: unknown): { readonly fault: Fault; readonly problem: string } {
  if (error instanceof CloudError) return { fault: error.fault, problem: error.message }
  return { fault: 'bug', problem: 'an unexpected failure; the log has it' }
}

/**
 * The same launch with its next offering, where this one was refused for certain; undefined where there is none or it was not.
 * It takes a new number: a status that was put back to the offering before is known by its lower one.
 */
async function advanced(
  { launch, before, error }: Refusal,
  { bench, nextSeq }: Round,
  call: Call,
): Promise<Sent | undefined> {
  const { fault } = reasonOf(error)
  const offering = launch.offering + 1
  const choice = launch.offerings[offering]
  if (choice === undefined || !isOfOffering(fault) || !isUnmade(before)) return undefined
  const seq = nextSeq()
  const prepared = await prepare({ ...launch, seq, offering, choice }, bench, call).catch(() => undefined)
  if (prepared === undefined) return undefined
  bench.ledger.recorded(launch.id, bench.desk.clock.now())
  return { id: launch.id, news: { seq, offering, requestHash: prepared.hash } }
}

/**
 * Refused for certain: the record stays as it is and is sent again after the pause; a round whose last offering was
 * refused is over, and the next one begins with a record of its own. Anything else: unknown.
 */
function failed({ launch, before, error }: Refusal, { ledger, desk }: Bench): Sent {
  const { fault, problem } = reasonOf(error)
  const now = desk.clock.now()
  ledger.pause({ name: launch.group, fingerprint: launch.fingerprint }, fault, problem, now)
  const isRefused = certainty[fault] === 'refused'
  const isOver = isOfOffering(fault) && isUnmade(before)
  ledger.heard(launch.id, isOver ? 'void' : verdictOn(fault, before), now)
  if (isRefused || launch.state.kind === 'unknown') return { id: launch.id, error }
  return { id: launch.id, news: { state: { kind: 'unknown', since: now } }, error }
}

/** A refusal proves nothing about an earlier try that nobody answered; a token the cloud calls used is never sent again. */
function verdictOn(fault: Fault, before: Verdict): Verdict {
  if (fault === 'conflict') return 'spent'
  return certainty[fault] === 'refused' && isUnmade(before) ? 'refused' : 'unclear'
}

const isUnmade = (verdict: Verdict): boolean => verdict === 'unsent' || verdict === 'refused'

/** Only what belongs to the request goes into it, so that a record hashes as its draft did. */
function prepare(launch: LaunchDraft, { desk, world }: Bench, call: Call): Promise<PreparedLaunch> {
  const { id, role, group, count, seq, fingerprint, offering, choice } = launch
  const drafted = { id, role, group, count, seq, fingerprint, offering, choice }
  return desk.hands.prepare(world.cluster, drafted, endpointsFor(world, role), call)
}

/** What a new round tries, and the request it begins with. */
async function prepareAnew(outline: Omit<LaunchDraft, 'choice'>, bench: Bench, call: Call) {
  const { desk, world } = bench
  const offerings = await desk.hands.offerings(world.cluster, outline.group, addressIn(world), call)
  const { scope, hash } = await prepare(
    { ...outline, choice: offerings[outline.offering] ?? '' },
    bench,
    call,
  )
  return { scope, offerings, hash }
}

const addressIn = ({ inventory }: Bench['world']) =>
  inventory.kind === 'seen' ? inventory.address : undefined
