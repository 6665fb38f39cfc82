import { noOthers, ParseError, record, text } from '../lib/parse.ts'
import { type InstallationId, installationId, type Scope, scope } from '../model/names.ts'

/** Whose a cluster is and where its machines are: what must survive the loss of its status. */
export interface Placement {
  readonly installation: InstallationId
  readonly cloud: string
  /** Account and region, as one list of the cloud can see them. */
  readonly scope: Scope
}

/** The annotation's value: JSON of the three, in this order. */
export const writePlacement = ({ installation, cloud, scope: where }: Placement): string =>
  JSON.stringify({ installation, cloud, scope: where })

/** Throws a ParseError: an annotation that somebody edited may not pass for none. */
export function readPlacement(raw: unknown, path: string): Placement {
  const written = record(decoded(text(raw, path), path), path)
  noOthers(written, path, ['installation', 'cloud', 'scope'])
  return {
    installation: installationId(text(written['installation'], `${path}.installation`)),
    cloud: text(written['cloud'], `${path}.cloud`),
    scope: scope(text(written['scope'], `${path}.scope`)),
  }
}

function decoded(written: string, path: string): unknown {
  try {
    return JSON.parse(written)
  } catch {
    throw new ParseError(path, 'must be JSON, as the operator wrote it')
  }
}
