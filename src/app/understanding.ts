import { classNameIn } from '../api/class-resource.ts'
import { parseClassed } from '../api/classed-resource.ts'
import { type CloudParser, type Parsed, parseResource } from '../api/resource.ts'
import { ParseError } from '../lib/parse.ts'
import type { Sighting } from '../reconcile/ports.ts'
import { type Governance, noClasses } from './governor.ts'
import { sightingOf } from './sighting.ts'

interface Understood {
  readonly sighting: Sighting
  /** What it rests on beside the resource. */
  readonly basis: unknown
  /** What was refused may be let be at any moment: it is asked for again. */
  readonly isSettled: boolean
}

const absent: Sighting = { kind: 'absent' }

/** Makes of a resource, as the API server has it, what passes understand: by its class, where it names one, and once each. */
export class Understanding {
  readonly #parseCloud: CloudParser
  readonly #governance: Governance
  readonly #known = new WeakMap<object, Understood>()

  constructor(parseCloud: CloudParser, governance: Governance = noClasses) {
    this.#parseCloud = parseCloud
    this.#governance = governance
  }

  sighting(raw: unknown): Sighting {
    if (typeof raw !== 'object' || raw === null) return absent
    const className = classNameIn(raw)
    const basis = className === undefined ? undefined : this.#governance.basis(className)
    const known = this.#known.get(raw)
    if (known?.isSettled === true && known.basis === basis) return known.sighting
    const sighting = className === undefined ? this.#plain(raw) : this.#classed(raw, className)
    const isSettled = className === undefined || isGranted(sighting)
    this.#known.set(raw, { sighting, basis, isSettled })
    return sighting
  }

  #plain(raw: object): Sighting {
    return read(() => parseResource(raw, this.#parseCloud))
  }

  #classed(raw: object, className: string): Sighting {
    const ruling = this.#governance.rule(raw, className)
    if (ruling.kind === 'granted') return read(() => parseClassed(raw, this.#parseCloud, ruling))
    // It is told to whom the resource belongs, as far as that can be read.
    const identity = this.#plain(raw)
    const { reason, problem } = ruling
    return identity.kind === 'invalid' ? { ...identity, reason, problem } : identity
  }
}

const isGranted = (sighting: Sighting): boolean =>
  sighting.kind === 'seen' && sighting.seen.cluster.class?.refusal === undefined

function read(parse: () => Parsed): Sighting {
  try {
    return sightingOf(parse())
  } catch (error) {
    if (error instanceof ParseError) return absent
    throw error
  }
}
