import type { Description, MachineRow, Stage } from './description.ts'
import { type Branch, renderTree } from './layout.ts'
import type { Screen, Style, Styled, Words } from './screen.ts'
import { age, bytes, day } from './units.ts'
import type { Wait } from './waiting.ts'

/** A description for people. */
export const describeTree = (
  told: Description,
  now: number,
  screen: Pick<Screen, 'paint' | 'isLive'>,
): string => renderTree(treeOf(told, now), screen)

function treeOf(told: Description, now: number): Branch {
  const { name, namespace, cloud, createdAt } = told
  return {
    words: [
      strong(name),
      ` in ${namespace}, ${cloud ?? 'no cloud yet'}, ${age(now - Date.parse(createdAt))} old: `,
      phases[told.phase],
      told.ready.message === '' ? '' : `: ${told.ready.message}`,
    ],
    children: [
      certificatesBranch(told),
      schedulerBranch(told),
      ...told.groups.map(groupBranch),
      machinesBranch(told, now),
      ...told.news.map(each => ({ words: waitWords(each, 'busy') })),
      waitsBranch(told),
      eventsBranch(told, now),
    ],
  }
}

const strong = (text: string): Styled => ({ text, style: 'strong' })
const dim = (text: string): Styled => ({ text, style: 'dim' })

const phases = {
  ready: { text: 'ready', style: 'good' },
  'not-ready': { text: 'not ready', style: 'busy' },
  asleep: { text: 'asleep', style: 'dim' },
  deleting: { text: 'being deleted', style: 'bad' },
} as const satisfies Record<Description['phase'], Styled>

function certificatesBranch({ certificates }: Description): Branch {
  const { mode, reason, notAfter, renewAt, secret } = certificates
  const facts = [
    ...(notAfter === undefined ? [] : [`good until ${day(notAfter)}`]),
    ...(renewAt === undefined ? [] : [`renewed on ${day(renewAt)}`]),
    ...(secret === undefined ? [] : [`Secret ${secret}`]),
  ]
  const isGood = ['Issued', 'Provided', 'AuthorityRolling'].includes(reason)
  const style = mode === 'Disabled' ? 'bad' : isGood ? 'good' : 'busy'
  return { words: [strong('certificates'), ` (${mode}): `, { text: reason, style }, tail(facts)] }
}

function schedulerBranch({ scheduler }: Description): Branch {
  const { status, reason, address, internalAddress, dashboard } = scheduler
  const inside = internalAddress !== address && internalAddress !== undefined
  const facts = [
    ...(address === undefined ? [] : [`at ${address}`]),
    ...(inside ? [`${internalAddress} inside`] : []),
    ...(dashboard === undefined ? [] : [`dashboard ${dashboard}`]),
  ]
  return { words: [strong('scheduler'), ': ', { text: reason, style: styleOf(status) }, tail(facts)] }
}

const styleOf = (status: string): Style => (status === 'True' ? 'good' : status === 'False' ? 'bad' : 'busy')
const tail = (facts: readonly string[]): string => (facts.length === 0 ? '' : `, ${facts.join(', ')}`)

function groupBranch({ name, wanted, machines, ready }: Description['groups'][number]): Branch {
  const style = ready >= wanted && machines === wanted ? 'good' : 'busy'
  const counts = { text: `${ready} of ${wanted} serve`, style } as const
  return {
    words: [
      strong(`group ${name}`),
      ': ',
      counts,
      `, ${machines} ${machines === 1 ? 'machine' : 'machines'}`,
    ],
  }
}

function machinesBranch({ machines, unseen }: Description, now: number): Branch {
  const missing = unseen.filter(({ what }) => what !== 'events')
  return {
    words: [strong('machines'), machines.length + missing.length === 0 ? ': none' : ''],
    children: [
      ...machines.map(each => ({ words: machineWords(each, now) })),
      ...missing.map(({ what, problem }) => ({ words: [dim(`${what} cannot be seen: ${problem}`)] })),
    ],
  }
}

const stages = {
  asked: { text: 'the cloud is asked', style: 'busy' },
  made: { text: 'made by the cloud, not listed yet', style: 'busy' },
  unclear: { text: 'nobody knows whether the cloud made it', style: 'bad' },
  starting: { text: 'there, Dask has not joined yet', style: 'busy' },
  joined: { text: 'joined', style: 'good' },
} as const satisfies Record<Stage, Styled>

function machineWords({ name, group, count, stage, boot, worker, since }: MachineRow, now: number): Words {
  const who = name ?? `${count} of ${group ?? 'a group'}`
  const state =
    worker === undefined || worker.status === 'running'
      ? stages[stage]
      : ({ text: worker.status, style: 'busy' } as const)
  const facts = [
    ...(boot === undefined
      ? []
      : [`software in ${seconds(boot.installed)}, Dask up ${seconds(boot.up)} later`]),
    ...(worker === undefined
      ? []
      : [
          `${worker.threads} ${worker.threads === 1 ? 'thread' : 'threads'}`,
          memoryOf(worker),
          `${worker.tasks.executing} tasks run`,
        ]),
    ...(since === undefined ? [] : [`for ${age(now - since)}`]),
  ]
  return [who, ': ', state, dim(tail(facts))]
}

const memoryOf = ({
  memory,
  memoryLimit,
}: {
  readonly memory: number
  readonly memoryLimit: number | undefined
}) => (memoryLimit === undefined ? bytes(memory) : `${bytes(memory)} of ${bytes(memoryLimit)}`)

const seconds = (value: number): string => `${value.toFixed(1)} s`

function waitsBranch({ waitsFor }: Description): Branch {
  if (waitsFor.length === 0) return { words: [strong('waits for'), ' nothing'] }
  return {
    words: [strong('waits for')],
    children: waitsFor.map(wait => ({ words: waitWords(wait, wait.about === 'Stalled' ? 'bad' : 'busy') })),
  }
}

const waitWords = ({ about, reason, message }: Wait, style: Style): Words => [
  { text: about, style },
  ` (${reason}): ${message}`,
]

function eventsBranch({ events, unseen }: Description, now: number): Branch {
  const missing = unseen.filter(({ what }) => what === 'events')
  return {
    words: [strong('events'), events.length + missing.length === 0 ? ': none in the last hour' : ''],
    children: [
      ...events.map(({ at, type, reason, message, count }) => ({
        words: [
          dim(`${age(now - Date.parse(at))} ago `),
          { text: reason, style: type === 'Warning' ? ('bad' as const) : ('good' as const) },
          count > 1 ? ` (${count} times)` : '',
          `: ${message}`,
        ],
      })),
      ...missing.map(({ problem }) => ({ words: [dim(`cannot be seen: ${problem}`)] })),
    ],
  }
}
