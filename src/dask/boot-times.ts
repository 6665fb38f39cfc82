import { isRecord } from '../lib/parse.ts'
import type { BootTimes } from '../model/world.ts'

const longestS = 86_400

/**
 * What a machine says of its own boot (`bootstrap/machine/dask_machine.py`), or undefined. A tenant's tasks may have made
 * it up and a clock may have been set meanwhile: only times that can be are believed.
 */
export function bootTimes(raw: unknown): BootTimes | undefined {
  if (!isRecord(raw)) return undefined
  const { installed, up } = raw
  return isDuration(installed) && isDuration(up) ? { installed, up } : undefined
}

const isDuration = (raw: unknown): raw is number => typeof raw === 'number' && raw >= 0 && raw <= longestS
