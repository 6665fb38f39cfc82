import { variablePrefix } from '../src/config.ts'

/** Settings of an operator that somebody runs from this shell are not meant for the one that is started. */
export const withoutSettings = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith(variablePrefix)))
