import type { Ground } from './ground.ts'

const groundVariable = 'DASK_TEST_MACHINES'
const reasonVariable = 'DASK_TEST_NO_MACHINES'

/** What the test files are told. */
export type ProvidedMachines =
  | { readonly kind: 'none'; readonly reason: string }
  | { readonly kind: 'ready'; readonly ground: Ground }

/** How the run that makes the namespace tells the run inside it what machines are made of. */
export const groundVariables = (ground: Ground): Readonly<Record<string, string>> => ({
  [groundVariable]: JSON.stringify(ground),
})

/** How the run tells its tests that no machine can be booted here, and why. */
export const withoutMachines = (reason: string): Readonly<Record<string, string>> => ({
  [reasonVariable]: reason,
})

/** Whether this process is the run within the namespace. */
export const isInside = (env: NodeJS.ProcessEnv): boolean => env[groundVariable] !== undefined

export function readMachines(env: NodeJS.ProcessEnv): ProvidedMachines {
  const text = env[groundVariable]
  if (text === undefined)
    return { kind: 'none', reason: env[reasonVariable] ?? 'run these with: npm test -- booted' }
  const ground: Ground = JSON.parse(text)
  return { kind: 'ready', ground }
}
