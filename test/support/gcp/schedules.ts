import { flagIn, noOthers, numberIn, recordIn, textIn } from './asks.ts'
import { invalidField } from './failure.ts'
import type { Json } from './world.ts'

export interface Schedule {
  readonly isSpot: boolean
  readonly whenEnded: 'DELETE' | 'STOP'
  readonly maxRunMs: number | undefined
  readonly json: Json
}

const members = [
  'automaticRestart',
  'instanceTerminationAction',
  'maxRunDuration',
  'onHostMaintenance',
  'preemptible',
  'provisioningModel',
]

/** What Google refuses together: see "Scheduling" of the reference. */
export function scheduleFrom(body: Json, path: string, hasGpu: boolean): Schedule {
  noOthers(body, path, members)
  const model =
    textIn(body, 'provisioningModel', path) ?? (body['preemptible'] === true ? 'SPOT' : 'STANDARD')
  if (model !== 'SPOT' && model !== 'STANDARD')
    throw invalidField(`${path}.provisioningModel`, model, 'This world knows SPOT and STANDARD.')
  const isSpot = model === 'SPOT'
  const automaticRestart = flagIn(body, 'automaticRestart', path) ?? !isSpot
  if (isSpot && automaticRestart)
    throw invalidField(`${path}.automaticRestart`, true, 'Spot instances cannot be restarted automatically.')
  const onHostMaintenance = maintenance(body, path, { isSpot, hasGpu })
  const maxRunMs = maxRun(body, path)
  const action = textIn(body, 'instanceTerminationAction', path)
  if (action !== undefined && action !== 'DELETE' && action !== 'STOP')
    throw invalidField(`${path}.instanceTerminationAction`, action, 'It must be DELETE or STOP.')
  if (action !== undefined && !isSpot && maxRunMs === undefined)
    throw invalidField(
      `${path}.instanceTerminationAction`,
      action,
      'A standard instance takes it only beside a limit of its run.',
    )
  if (action === undefined && maxRunMs !== undefined)
    throw invalidField(`${path}.instanceTerminationAction`, '', 'It must be given beside maxRunDuration.')
  return {
    isSpot,
    whenEnded: action ?? 'STOP',
    maxRunMs,
    json: {
      provisioningModel: model,
      preemptible: isSpot,
      automaticRestart,
      onHostMaintenance,
      ...(action === undefined ? {} : { instanceTerminationAction: action }),
      ...(maxRunMs === undefined ? {} : { maxRunDuration: { seconds: String(maxRunMs / 1_000) } }),
    },
  }
}

function maintenance(
  body: Json,
  path: string,
  { isSpot, hasGpu }: { isSpot: boolean; hasGpu: boolean },
): string {
  const found = textIn(body, 'onHostMaintenance', path) ?? (isSpot ? 'TERMINATE' : 'MIGRATE')
  if (found !== 'MIGRATE' && found !== 'TERMINATE')
    throw invalidField(`${path}.onHostMaintenance`, found, 'It must be MIGRATE or TERMINATE.')
  if (found === 'MIGRATE' && hasGpu)
    throw invalidField(path, found, 'Instances with guest accelerators do not support live migration.')
  if (found === 'MIGRATE' && isSpot)
    throw invalidField(path, found, 'Spot instances do not support live migration.')
  return found
}

const shortestSeconds = 30
const longestSeconds = 120 * 86_400

function maxRun(body: Json, path: string): number | undefined {
  if (body['maxRunDuration'] === undefined) return undefined
  const seconds = numberIn(recordIn(body, 'maxRunDuration', path), 'seconds', `${path}.maxRunDuration`)
  if (seconds === undefined || seconds < shortestSeconds || seconds > longestSeconds)
    throw invalidField(`${path}.maxRunDuration`, seconds, 'It must be from 30 seconds to 120 days.')
  return seconds * 1_000
}
