import { type GivenMarks, maxAuthorities, type RotationStage, type Superseded } from '../model/renewal.ts'
import { browserFiles } from './browser-files.ts'
import { renderDaskYaml } from './dask-yaml.ts'
import type { Given, GivenLeaf } from './given.ts'
import { endOf } from './given-history.ts'
import { rollData } from './given-roll.ts'
import { leafRoles } from './identity.ts'
import { type Inspection, type InspectionContext, inspectOne, type SecretCondition } from './inspect.ts'
import { certificateBlocks } from './pem.ts'
import { type Secret, type SecretPart, type SecretPlace, secret, secretParts } from './secret.ts'
import { isAlike, isOurs, type StoredSecret, type StoredSecrets, textIn } from './stored.ts'
import { markOf } from './stored-rotation.ts'

/** What a cluster's Secrets are made of where no authority of ours makes certificates. */
export type Material =
  | GivenMaterial
  /** No TLS: clients are told where the scheduler is, and nothing else. */
  | { readonly kind: 'none' }

export interface GivenMaterial {
  readonly kind: 'given'
  readonly given: Given
  readonly notAfter: number
  /** How far another authority has come; settled unless given. */
  readonly stage?: RotationStage
  /** Which certificates the scheduler was given before, as `printOf` has them, newest first: it may show one of them still. */
  readonly before?: readonly string[]
  readonly superseded?: Superseded
}

export type WantedSecrets = Readonly<Partial<Record<SecretPart, Secret>>>

/** Copies of what was given, where machines and the operator look for it; there is no key of an authority. */
export function copiesOf(
  material: Material,
  place: SecretPlace,
  schedulerAddress: string | undefined,
): WantedSecrets {
  const isPlain = material.kind === 'none'
  const yaml = { 'dask.yaml': renderDaskYaml({ schedulerAddress, isPlain }) }
  if (isPlain) return { client: secret('client', place, yaml) }
  const { scheduler, worker, client } = material.given
  return {
    scheduler: secret('scheduler', place, { ...leaf(scheduler), ...rollData(material) }),
    worker: secret('worker', place, leaf(worker)),
    client: secret('client', place, {
      ...leaf(client),
      ...yaml,
      ...browserFiles(client, client.ca, place),
    }),
  }
}

const leaf = ({ ca, certificate, key }: GivenLeaf) => ({
  'ca.crt': ca,
  'tls.crt': certificate,
  'tls.key': key,
})

/** Whether each copy is stored as it is to be. Until somebody knows where the scheduler is, `dask.yaml` may say anything. */
export function inspectCopies(
  stored: StoredSecrets,
  material: Material,
  context: InspectionContext,
): Inspection {
  const wanted = copiesOf(material, context, context.schedulerAddress)
  const judged = secretParts.flatMap(part => {
    const copy = wanted[part]
    if (copy === undefined) return []
    const isStored = (): boolean =>
      isAlike(copy, stored[part], context.schedulerAddress === undefined ? ['dask.yaml'] : [])
    return [[part, inspectOne(stored[part], context, () => (isStored() ? valid(material) : stale))] as const]
  })
  return Object.fromEntries(judged)
}

/** What copies are worth by themselves: until when, or undefined where they are not all there and valid. */
export function standing(
  stored: StoredSecrets,
  context: InspectionContext,
): { readonly notAfter: number; readonly renewAt: number } | undefined {
  const ends = leafRoles.map(role => {
    const copy = stored[role]
    return copy !== undefined && isOurs(copy, context) ? endOf(copy) : -Infinity
  })
  const notAfter = Math.min(...ends.map(end => (end === Infinity ? -Infinity : end)))
  return notAfter > context.now ? { notAfter, renewAt: Infinity } : undefined
}

/** What machines that hold the copies tell of them. */
export function marksIn({ scheduler, worker }: StoredSecrets): GivenMarks {
  return { scheduler: marksOf(scheduler), worker: marksOf(worker) }
}

function marksOf(copy: StoredSecret | undefined): GivenMarks['worker'] {
  const authorities = certificateBlocks(textIn(copy, 'ca.crt')).map(markOf)
  return {
    certificate: markOf(textIn(copy, 'tls.crt')),
    authorities: [...new Set(authorities)].toSorted().slice(0, maxAuthorities),
  }
}

const stale = 'it is no copy of what is given now'

const valid = (material: Material): SecretCondition =>
  material.kind === 'none'
    ? { kind: 'valid', notAfter: Infinity, renewAt: Infinity }
    : // Whoever gave them renews them.
      { kind: 'valid', notAfter: material.notAfter, renewAt: Infinity }
