import { stat } from 'node:fs/promises'
import { join } from 'node:path'

import { poll } from '../../lib/wait.ts'
import type { Machine, MachineState } from '../../model/machine.ts'
import type { MachineId } from '../../model/names.ts'
import { unlessMissing } from './faults.ts'
import { readJson } from './files.ts'
import {
  bury,
  exists,
  installationPaths,
  machinePaths,
  machinesIn,
  readProcesses,
  readSupervisor,
  readTags,
} from './folders.ts'
import type { Loopback } from './loopback.ts'
import { isRunning, kill, type ProcessMark, processesOf } from './processes.ts'
import { parseTags, type Tags } from './tags.ts'

/** A machine that was told to end takes 5 seconds, a scheduler 8 more; what takes longer is ended for it. */
const lingerMs = 20_000
const killMs = 3_000

/** The ground that one installation's machines stand on. */
export interface Ground {
  readonly folder: string
  readonly loopback: Loopback
}

/**
 * Every machine of an installation: those that are there, and for two hours those that have ended. A machine whose
 * supervisor died is no machine any more: what is left of it is ended and taken away by whoever looks first.
 */
export async function census(ground: Ground): Promise<readonly Machine[]> {
  const { machines, ended } = installationPaths(ground.folder)
  const found = new Map<MachineId, Machine>()
  for (const id of await machinesIn(machines)) {
    const tags = await readTags(join(machines, id))
    if (tags !== undefined) found.set(id, machineOf(id, tags, await stateOf(ground, id, tags)))
  }
  for (const id of await machinesIn(ended)) {
    const tags = await readJson(join(ended, `${id}.json`), parseTags)
    if (tags !== undefined) found.set(id, machineOf(id, tags, { kind: 'gone' }))
  }
  return [...found.values()]
}

async function stateOf(ground: Ground, id: MachineId, tags: Tags): Promise<MachineState> {
  const home = join(installationPaths(ground.folder).machines, id)
  const paths = machinePaths(home)
  const supervisor = await readSupervisor(home)
  const leaving = await unlessMissing(stat(paths.leaving))
  if (supervisor === undefined && leaving === undefined)
    return { kind: (await exists(paths.tags)) ? 'starting' : 'gone' }
  const isAlive = supervisor !== undefined && (await isRunning(supervisor))
  const isStuck = leaving !== undefined && Date.now() - leaving.mtimeMs > lingerMs
  if (!isAlive || isStuck) {
    const isOver = supervisor === undefined || (await endAll(home, supervisor))
    if (isOver) await bury(home, tags, ground.loopback)
    return { kind: isOver ? 'gone' : 'leaving' }
  }
  if (leaving !== undefined) return { kind: 'leaving' }
  if (!(await exists(paths.running))) return { kind: 'starting' }
  return { kind: 'running', addresses: { internal: tags.endpoint, external: tags.endpoint } }
}

/** Ends whatever still runs of a machine without asking. False where something does not end in time. */
async function endAll(home: string, supervisor: ProcessMark): Promise<boolean> {
  const known = await readProcesses(home)
  const noneLeft = async (): Promise<true | undefined> => {
    const left = await processesOf({ folder: home, supervisor, known })
    await kill(left)
    return left.length === 0 ? true : undefined
  }
  return poll(noneLeft, 20, { signal: AbortSignal.timeout(killMs) }).catch(() => false)
}

const machineOf = (
  id: MachineId,
  { owner, cluster: key, role, group, launch, seq, fingerprint, createdAt }: Tags,
  state: MachineState,
): Machine => ({ id, owner, key, role, group, launch, seq, fingerprint, createdAt, state })
