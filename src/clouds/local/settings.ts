import { isAbsolute } from 'node:path'

import { noOthers, optional, ParseError, record, text } from '../../lib/parse.ts'

/** `spec.cloud.local`. */
export interface LocalSettings {
  /** Absolute path of an interpreter: used as it is where it has what the cluster asks for, else the base of its environment. */
  readonly python: string | undefined
}

/** What an offering may have, less our own word in front of it: a launch's record holds it. */
const longestPath = 240

export function parseSettings(raw: unknown, path: string): LocalSettings {
  const settings = record(raw, path)
  noOthers(settings, path, ['python'])
  return { python: optional(settings['python'], `${path}.python`, parsePython) }
}

function parsePython(raw: unknown, path: string): string {
  const python = text(raw, path)
  if (!isAbsolute(python))
    throw new ParseError(path, 'must be an absolute path, for example /usr/bin/python3')
  if (/\p{Cc}/u.test(python)) throw new ParseError(path, 'must have no control characters')
  if (python.length <= longestPath) return python
  throw new ParseError(path, `must have at most ${longestPath} characters`)
}

/** What a cluster asks of this cloud rides in the offering, so that one connection serves all clusters. */
export const offeringOf = ({ python }: LocalSettings): string =>
  python === undefined ? plain : `${prefix}${python}`

/** The interpreter that an offering names, or undefined for the operator's own. */
export const pythonOf = (offering: string): string | undefined =>
  offering.startsWith(prefix) ? offering.slice(prefix.length) : undefined

const plain = 'local'
const prefix = 'python:'
