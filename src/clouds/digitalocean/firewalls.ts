import type { Call } from '../../lib/call.ts'
import { isAlike } from '../../lib/equality.ts'
import { CloudError } from '../../model/faults.ts'
import type { ReservedNetwork } from '../../model/machine.ts'
import { type ClusterUid, readClusterKey, readClusterUid } from '../../model/names.ts'
import type { NetworkWish } from '../contract.ts'
import { letIn } from '../let-in.ts'
import type { Marks, Ours } from '../marks.ts'
import { unless } from '../unless.ts'
import { isGone, isThereAlready } from './faults.ts'
import {
  admittedBy,
  type Form,
  formOf,
  inboundRules,
  isAsMade,
  outboundRules,
  sshBy,
  viewersBy,
} from './rules.ts'
import { client, type Firewall } from './sdk.ts'
import type { DigitalOceanSession } from './session.ts'
import { clusterTag, readClusterTag } from './tags.ts'
import type { DigitalOceanTeam } from './team.ts'

/** A firewall of ours, and whose it is. */
export interface OwnFirewall {
  readonly uid: ClusterUid
  readonly firewall: Firewall
}

/** Nobody but who may edit firewalls edits a name: it says whose a firewall is, with a seal. At most 100 characters. */
export const firewallName = ({ uid = '', seal = '' }: Marks): string => `dask-${uid}.${seal}`

/** What the seal of a cluster's tag and firewall is made over, beside whose it is. */
export const clusterRole = 'cluster'

/** All of a team's that are this installation's, as the last look has them. */
export async function ownFirewalls(
  {
    session,
    team,
    ours,
  }: { readonly session: DigitalOceanSession; readonly team: DigitalOceanTeam; readonly ours: Ours },
  call: Call,
): Promise<readonly OwnFirewall[]> {
  const all = await team.firewalls(() =>
    session.all(
      'firewalls.list',
      call,
      (context, page) => client.firewalls(context, page),
      ({ firewalls }) => firewalls,
    ),
  )
  return all.flatMap(firewall => {
    const [, raw = '', seal = ''] = /^dask-([0-9a-f-]{8,64})\.([0-9a-f]{32})$/.exec(firewall.name) ?? []
    const uid = readClusterUid(raw)
    const marks = { installation: ours.installation, uid: raw, role: clusterRole, seal }
    return uid !== undefined && ours.isSealed(marks) ? [{ uid, firewall }] : []
  })
}

/** As everybody else is told of it. What DigitalOcean itself answered when it was made is as made, however it is written. */
export function networkOf(
  { uid, firewall }: OwnFirewall,
  forms: ReadonlyMap<ClusterUid, Form>,
): ReservedNetwork {
  const [tag = ''] = firewall.tags ?? []
  const owner = { owner: uid, key: readClusterKey(readClusterTag(tag)?.cluster ?? '') }
  const form = forms.get(uid)
  if (form?.told === formOf(firewall))
    return { ...owner, ...letIn(form.admitted, form.viewers), network: wordFor(form.sshCIDRs) }
  const isOwn = isAsMade(firewall, tag) && readClusterTag(tag)?.uid === uid
  return {
    ...owner,
    ...letIn(admittedBy(firewall), viewersBy(firewall)),
    network: isOwn ? wordFor(sshBy(firewall)) : 'changed by somebody',
  }
}

/** How a firewall is made that lets these reach SSH. */
export const wordFor = (sshCIDRs: readonly string[]): string =>
  sshCIDRs.length === 0 ? 'without SSH' : `SSH from ${sshCIDRs.toSorted().join(', ')}`

export interface FirewallWish extends Pick<NetworkWish, 'admitted'> {
  readonly viewers: readonly string[]
  /** Whose it is, with its seal. */
  readonly marks: Marks
  readonly sshCIDRs: readonly string[]
}

/**
 * Makes the firewall, or makes it as it is to be; returns it as DigitalOcean answers that it is, or undefined where nothing
 * was to be done. Its droplets have its tag from their first moment.
 */
export async function build(
  session: DigitalOceanSession,
  { marks, ...letThrough }: FirewallWish,
  found: OwnFirewall | undefined,
  call: Call,
): Promise<Firewall | undefined> {
  const tag = clusterTag(marks)
  const wanted: Firewall = {
    name: firewallName(marks),
    inbound_rules: inboundRules({ tag, ...letThrough }),
    outbound_rules: outboundRules(),
    tags: [tag],
    droplet_ids: [],
  }
  if (found !== undefined && isAsWished(found, tag, letThrough)) return undefined
  // A firewall takes only tags that are there.
  await unless(
    isThereAlready,
    session.make('tags.create', call, context => client.createTag(context, tag)),
  )
  const id = found?.firewall.id
  // One that somebody has just deleted is made anew.
  const updated =
    id === undefined ? undefined : await unless(isGone, update(session, { ...wanted, id }, call))
  if (updated !== undefined) return updated.firewall
  const made = await unless(
    isDuplicate,
    session.make('firewalls.create', call, context => client.createFirewall(context, wanted)),
  )
  return made?.firewall
}

const update = (session: DigitalOceanSession, wanted: Firewall & { readonly id: string }, call: Call) =>
  session.make('firewalls.update', call, context => client.updateFirewall(context, wanted))

const isAsWished = (
  { firewall }: OwnFirewall,
  tag: string,
  { admitted, viewers, sshCIDRs }: Omit<FirewallWish, 'marks'>,
): boolean =>
  isAsMade(firewall, tag) &&
  isAlike(admittedBy(firewall), admitted) &&
  isAlike(viewersBy(firewall), viewers) &&
  isAlike(sshBy(firewall), sshCIDRs.toSorted())

/** Made before, by a request whose answer was lost. */
const isDuplicate = (error: unknown): boolean => error instanceof CloudError && error.fault === 'conflict'

/** What is gone is taken away. */
export async function takeAway(
  session: DigitalOceanSession,
  firewalls: readonly OwnFirewall[],
  call: Call,
): Promise<void> {
  for (const { firewall } of firewalls) {
    const { id } = firewall
    if (id !== undefined)
      await unless(
        isGone,
        session.make('firewalls.delete', call, context => client.deleteFirewall(context, id)),
      )
  }
}
