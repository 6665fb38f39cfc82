import type { Action, RenewedPart, RotationStep } from '../model/action.ts'
import type { Condition } from '../model/status.ts'
import type { Outcome } from './act.ts'
import type { Report } from './ports.ts'
import type { Arrival } from './stages.ts'

/** Events for what was done and what failed; waiting and looking make none. */
export function reports(outcomes: readonly Outcome[]): readonly Report[] {
  return outcomes.flatMap(outcome => {
    switch (outcome.kind) {
      case 'done':
        return told(outcome)
      case 'failed':
        return [
          {
            kind: 'Warning',
            reason: 'StepFailed',
            message: `${outcome.action.type}: ${outcome.problem}`,
          } as const,
        ]
      case 'outdated':
        return []
      default:
        return outcome satisfies never
    }
  })
}

function told({ action }: Outcome): readonly Report[] {
  switch (action.type) {
    case 'issue-certificates':
    case 'rotate-certificates':
    case 'renew-machine-certificates':
      return [ofCertificates(action)]
    case 'record-launches':
      return [normal('Launching', `Machines are launched: ${groups(action.launches)}.`)]
    case 'drain-workers':
      return [
        normal(
          'Draining',
          `${count(action.machines.length, 'worker')} asked to hand over: ${action.because}.`,
        ),
      ]
    case 'terminate':
      return [
        normal('Terminating', `${count(action.machines.length, 'machine')} asked to end: ${action.because}.`),
      ]
    case 'settle-launches':
      return action.forget.length === 0
        ? []
        : [
            {
              kind: 'Warning',
              reason: 'MachinesForgotten',
              message: `${action.because}: look at the cloud's console.`,
            },
          ]
    case 'release':
      return [normal('Released', 'Nothing is left in the cloud.')]
    case 'fall-asleep':
      return [normal('FallingAsleep', `Its machines end, this resource stays: ${action.because}.`)]
    case 'move-address':
      return [normal('Moving', `Its scheduler gets another address: ${action.because}.`)]
    case 'wake-up':
      return [normal('WakingUp', `It slept and is started again: ${action.because}.`)]
    case 'delete-cluster':
      return [normal('Expired', `The cluster is deleted: ${action.because}.`)]
    case 'stamp-ledger':
    case 'enrol':
    case 'hold-credentials':
    case 'drop-credentials':
    case 'publish-service':
    case 'remove-service':
    case 'reserve-address':
    case 'send-launches':
    case 'close-workers':
    case 'give-up':
    case 'release-address':
    case 'remove-certificates':
      return []
    default:
      return action satisfies never
  }
}

type OfCertificates = Extract<
  Action,
  { type: 'issue-certificates' | 'rotate-certificates' | 'renew-machine-certificates' }
>

function ofCertificates(action: OfCertificates): Report {
  switch (action.type) {
    case 'issue-certificates':
      return normal('CertificatesIssued', `Certificates are stored: ${action.because}.`)
    case 'rotate-certificates':
      return normal('CertificatesRotated', `${rotations[action.step]}: ${action.because}.`)
    case 'renew-machine-certificates': {
      const whom = count(action.machines.length, action.role)
      const what = `${whom} given ${parts[action.part]} while running: ${action.because}.`
      return normal('MachinesRenewed', what)
    }
    default:
      return action satisfies never
  }
}

const parts = {
  certificate: 'a new certificate',
  authorities: 'the authorities to trust',
  given: 'its part of the certificates that you brought',
} as const satisfies Record<RenewedPart, string>

const rotations = {
  'renew-leaves': 'All certificates are made anew',
  'introduce-authority': 'The next authority is made known',
  'change-authority': 'The next authority may sign from now on',
  'drop-authority': 'The authority before is trusted no more',
} as const satisfies Record<RotationStep, string>

/** Events for the conditions a person waits for. */
export function transitions(before: readonly Condition[], after: readonly Condition[]): readonly Report[] {
  return after.flatMap(({ type, status, reason, message }) => {
    const old = before.find(each => each.type === type)
    if (type === 'Ready' && status === 'True' && old?.status !== 'True') return [normal('Ready', message)]
    if (type === 'Ready' && status !== 'True' && old?.status === 'True')
      return [{ kind: 'Warning', reason, message } as const]
    const isTold = type === 'Stalled' && isOfCertificates(after, reason)
    // Each mistake in a Secret is news, be the one before of the same kind.
    const isMistake = isOfSecret.has(type) && status !== 'Unknown' && mistakes.has(reason)
    if ((isMistake || type === 'RenewalIgnored') && !isTold && old?.message !== message)
      return [{ kind: 'Warning', reason, message } as const]
    if ((type === 'Stalled' || type === 'Degraded') && !isTold && old?.reason !== reason)
      return [{ kind: 'Warning', reason, message } as const]
    // Their words change only as the end comes nearer.
    if ((type === 'Expiring' || type === 'Idle') && old?.message !== message) return [normal(reason, message)]
    return []
  })
}

const isOfSecret: ReadonlySet<string> = new Set(['CertificatesReady', 'Stalled'])

/** What is to be changed in Secrets that certificates are taken from; others come and go by themselves. */
const mistakes: ReadonlySet<string> = new Set([
  'SecretNotFound',
  'SecretNotLabelled',
  'SecretInvalid',
  'Unreadable',
  'ExpiresSoon',
  'CertificateExpired',
])

/** The same is said by the condition that it comes from. */
const isOfCertificates = (all: readonly Condition[], reason: string): boolean =>
  mistakes.has(reason) && all.some(each => each.type === 'CertificatesReady' && each.reason === reason)

/** One event for all machines that were on their way at a time, with the slowest of each stage. */
export function joined({ machines, slowest: { running, installed, up, joined: all } }: Arrival): Report {
  const stages = [
    `running after ${seconds(running)}`,
    ...(installed === undefined ? [] : [`software installed in ${seconds(installed)}`]),
    ...(up === undefined ? [] : [`Dask up ${seconds(up)} later`]),
    `joined after ${seconds(all)}`,
  ]
  const which = machines === 1 ? '1 machine' : `${machines} machines, the slowest in each stage`
  return normal('Joined', `${which}: ${stages.join(', ')}.`)
}

const seconds = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} s`

const normal = (reason: string, message: string): Report => ({ kind: 'Normal', reason, message })

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`

const groups = (launches: readonly { readonly group: string; readonly count: number }[]): string =>
  launches.map(({ group, count: number }) => `${number} for ${group}`).join(', ')
