import type { Cloud, Schedulers } from '../clouds/contract.ts'
import { noAnswer } from '../kube/fault.ts'
import type { Lease } from '../kube/lease.ts'
import type { KubeRequests } from '../kube/transport.ts'
import type { Call } from '../lib/call.ts'
import { limited } from '../lib/deadline.ts'
import { CloudError } from '../model/faults.ts'
import { type CloudCall, wrapped } from './wrapped.ts'

/** Does work for `ms` milliseconds at most, or refuses to begin it. */
export type Led = <T>(ms: number, call: Call, work: (call: Call) => Promise<T>) => Promise<T>

const changeMs = 10_000
/** An address and what is in front of it are several calls, one after the other. */
const networkMs = 30_000
const listMs = 30_000
/** Workers are given five seconds to make a key, and as many to take what comes. */
const renewalMs = 20_000

/**
 * Nothing begins after the lease's deadline, and nothing goes on when the lease is lost; as long as it is renewed, a call
 * has all its time. The clock is asked right before each call: a process that was frozen finds its signals not yet
 * aborted.
 */
export const asLeader =
  (lease: Pick<Lease, 'remainingMs' | 'signal'>): Led =>
  async (ms, call, work) => {
    if (lease.remainingMs() <= 0) throw new CloudError('unavailable', 'This process may not lead any more')
    return limited(ms, call, work, lease.signal)
  }

/** The same cloud in a leader's hands: every call of it, whoever makes it, keeps to the lease. */
export function ledCloud(cloud: Cloud, led: Led): Cloud {
  const { schedulers, promises } = cloud
  const limitMs: Readonly<Record<CloudCall, number>> = {
    list: listMs,
    launch: promises.launchMs,
    terminate: changeMs,
    offerings: promises.offeringsMs ?? changeMs,
    'reserve-address': promises.networkMs ?? networkMs,
    'release-address': promises.networkMs ?? networkMs,
    console: changeMs,
    prove: changeMs,
    rehearse: listMs,
  }
  return {
    ...wrapped(cloud, (name, call, work) => led(limitMs[name], call, work)),
    ...(schedulers && { schedulers: ledSchedulers(schedulers, led) }),
  }
}

/** A closed worker is as gone as its machine. */
export const ledSchedulers = (schedulers: Schedulers, led: Led): Schedulers => ({
  view: uid => schedulers.view(uid),
  forget: uid => schedulers.forget(uid),
  idleness: (uid, call) => led(changeMs, call, limit => schedulers.idleness(uid, limit)),
  drain: (uid, machines, call) => led(changeMs, call, limit => schedulers.drain(uid, machines, limit)),
  close: (uid, machines, call) => led(changeMs, call, limit => schedulers.close(uid, machines, limit)),
  ...(schedulers.renew && {
    renew: (uid, wish, call) =>
      led(renewalMs, call, async limit => (await schedulers.renew?.(uid, wish, limit)) ?? new Map()),
  }),
})

/**
 * The same API server in a leader's hands: it changes nothing there after the lease's deadline. What its last passes read
 * is of no harm.
 */
export const ledKube = (kube: KubeRequests, leftMs: () => number): KubeRequests => ({
  async request(request, call) {
    if (request.method !== 'GET' && leftMs() <= 0)
      throw noAnswer('Stopped', 'this process may not lead any more')
    return kube.request(request, call)
  },
})
