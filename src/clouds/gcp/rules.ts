import { isAlike } from '../../lib/equality.ts'
import type { ClusterUid } from '../../model/names.ts'
import { dashboardPort, nannyPort, schedulerPort, workerPort } from '../../model/ports.ts'
import { type Part, partName, tagOf } from './names.ts'
import type { Firewall } from './sdk.ts'

/** What one firewall rule lets in, to whom. One without a source would let in everybody: each of these has one. */
export interface Rule {
  readonly part: Part
  readonly ranges: readonly string[]
  readonly sources: readonly string[]
  readonly targets: readonly string[]
  readonly ports: readonly string[]
}

export interface Admission {
  /** Who may reach the scheduler's port from outside, as CIDRs. */
  readonly admitted: readonly string[]
  /** Who may reach its dashboard. */
  readonly viewers?: readonly string[] | undefined
  readonly ssh: readonly string[]
}

const isV6 = (cidr: string): boolean => cidr.includes(':')
const isV4 = (cidr: string): boolean => !isV6(cidr)

/** Exactly this and nothing else comes in. What goes out is not limited: machines fetch their software. */
export function wantedRules(uid: ClusterUid, { admitted, viewers = [], ssh }: Admission): readonly Rule[] {
  const [scheduler, worker] = [tagOf(uid, 'scheduler'), tagOf(uid, 'worker')]
  const dask = [String(schedulerPort)]
  const fromOutside = (part: Part, ranges: readonly string[], ports: readonly string[]): readonly Rule[] =>
    ranges.length === 0 ? [] : [{ part, ranges, sources: [], targets: [scheduler], ports }]
  return [
    {
      part: 'scheduler',
      ranges: admitted.filter(isV4),
      sources: [worker],
      targets: [scheduler],
      ports: dask,
    },
    // Google takes ranges of one kind only in a rule.
    ...fromOutside('scheduler-v6', admitted.filter(isV6), dask),
    ...fromOutside('dashboard', viewers.filter(isV4), [String(dashboardPort)]),
    ...fromOutside('dashboard-v6', viewers.filter(isV6), [String(dashboardPort)]),
    {
      part: 'worker',
      ranges: [],
      sources: [scheduler, worker],
      targets: [worker],
      ports: [String(workerPort), String(nannyPort)],
    },
    ...(ssh.length === 0
      ? []
      : [{ part: 'ssh', ranges: ssh, sources: [], targets: [scheduler, worker], ports: ['22'] } as const]),
  ]
}

/** As Google takes it. */
export const firewallOf = (
  uid: ClusterUid,
  { part, ranges, sources, targets, ports }: Rule,
  { network, description }: { readonly network: string; readonly description: string },
): Firewall => ({
  name: partName(uid, part),
  description,
  network,
  direction: 'INGRESS',
  allowed: [{ IPProtocol: 'tcp', ports: [...ports] }],
  sourceRanges: [...ranges],
  sourceTags: [...sources],
  targetTags: [...targets],
})

/** Whether a firewall lets in what the rule says, and is switched on. */
export function isAsWanted(firewall: Firewall, { ranges, sources, targets, ports }: Rule): boolean {
  const [allowed, ...more] = firewall.allowed ?? []
  return (
    more.length === 0 &&
    firewall.disabled !== true &&
    firewall.direction === 'INGRESS' &&
    isAlike(
      [
        allowed?.IPProtocol,
        sorted(allowed?.ports),
        sorted(firewall.sourceRanges),
        sorted(firewall.sourceTags),
        sorted(firewall.targetTags),
      ],
      ['tcp', sorted(ports), sorted(ranges), sorted(sources), sorted(targets)],
    )
  )
}

const sorted = (all: readonly string[] | null | undefined): readonly string[] => (all ?? []).toSorted()
