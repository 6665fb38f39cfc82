import type { Cloud } from '../clouds/contract.ts'
import { CloudError } from '../model/faults.ts'
import type { Metrics } from '../telemetry/metrics.ts'

/** The same cloud, with every call timed and every launch counted, by how it ended. */
export function measured(
  cloud: Cloud,
  { cloudCallSeconds, launches }: Pick<Metrics, 'cloudCallSeconds' | 'launches'>,
): Cloud {
  const timed = async <T>(call: string, work: () => Promise<T>): Promise<T> => {
    const stop = cloudCallSeconds.startTimer({ cloud: cloud.name, call })
    try {
      const done = await work()
      stop({ result: 'ok' })
      return done
    } catch (error) {
      stop({ result: faultOf(error) })
      throw error
    }
  }
  const counted = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      const done = await work()
      launches.inc({ cloud: cloud.name, result: 'accepted' })
      return done
    } catch (error) {
      launches.inc({ cloud: cloud.name, result: faultOf(error) })
      throw error
    }
  }
  const offerings = cloud.offerings?.bind(cloud)
  const console = cloud.console?.bind(cloud)
  return {
    name: cloud.name,
    scope: cloud.scope,
    promises: cloud.promises,
    ...(cloud.schedulers === undefined ? {} : { schedulers: cloud.schedulers }),
    list: call => timed('list', () => cloud.list(call)),
    launch: (request, call) => counted(() => timed('launch', () => cloud.launch(request, call))),
    terminate: (machines, call) => timed('terminate', () => cloud.terminate(machines, call)),
    reserveAddress: (wish, call) => timed('reserve-address', () => cloud.reserveAddress(wish, call)),
    releaseAddress: (owner, call) => timed('release-address', () => cloud.releaseAddress(owner, call)),
    ...(offerings && { offerings: (wish, call) => timed('offerings', () => offerings(wish, call)) }),
    ...(console && { console: (machine, call) => timed('console', () => console(machine, call)) }),
    close: () => cloud.close(),
  }
}

const faultOf = (error: unknown): string => (error instanceof CloudError ? error.fault : 'bug')
