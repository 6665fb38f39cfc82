import { readFileSync } from 'node:fs'

const variable = 'DASK_TEST_RUN'
const beginning = 'dask-machines-'

/**
 * The name of the run that this process is part of, with which everything begins that the run makes where others see it:
 * folders, cgroups, machines. Undefined outside of runs.
 */
export const currentRun = (): string | undefined => process.env[variable]

/** Names a run of this process by its id and the time it began, after the name of the run that it is itself in. */
export function ownRun(): string {
  return `${base()}${process.pid}-${beginOf(process.pid) ?? ''}`
}

export const runVariables = (run: string): Readonly<Record<string, string>> => ({ [variable]: run })

/** Whether a thing of this name was left behind: by a run that was begun where this process could see it, and is no more. */
export function isLeft(name: string): boolean {
  if (!name.startsWith(base())) return false
  const owner = /^([0-9]+)-([0-9]+)/.exec(name.slice(base().length))
  return owner !== null && beginOf(Number(owner[1])) !== owner[2]
}

/** A process that is alive is told from an earlier one of the same id by when it began, in ticks since the kernel did. */
function beginOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' ? undefined : fields[18]
  } catch {
    return undefined
  }
}

/** Process ids mean something only where they were given: a run within a run is for the outer run alone to judge. */
function base(): string {
  const run = currentRun()
  return run === undefined ? beginning : `${run}.`
}
