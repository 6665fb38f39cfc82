import type { Cloud } from '../clouds/contract.ts'
import { CloudError } from '../model/faults.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { wrapped } from './wrapped.ts'

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
  return wrapped(cloud, (name, call, work) => {
    const run = () => timed(name, () => work(call))
    return name === 'launch' ? counted(run) : run()
  })
}

const faultOf = (error: unknown): string => (error instanceof CloudError ? error.fault : 'bug')
