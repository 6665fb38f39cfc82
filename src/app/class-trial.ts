import { filled } from '../api/class-filling.ts'
import type { DaskCloudClass } from '../api/class-resource.ts'
import { parseResource } from '../api/resource.ts'
import type { Cloud, CloudContext, Rehearsals } from '../clouds/contract.ts'
import { cloudOf, cloudParser, type RegisteredCloud } from '../clouds/registry.ts'
import type { StoredSecret } from '../kube/secrets.ts'
import type { Call } from '../lib/call.ts'
import { ParseError } from '../lib/parse.ts'
import { textsAt } from '../lib/reach.ts'
import { CloudError } from '../model/faults.ts'
import type { Finding } from '../model/status.ts'
import { reasonOfFault } from '../reconcile/fault-reasons.ts'
import type { Led } from './led.ts'
import { textsOf, usableAs } from './tenant-secrets.ts'
import { veiled, withoutValues } from './veil.ts'

export interface TrialOptions {
  readonly context: CloudContext
  readonly allowed: readonly string[]
  readonly identities: readonly string[]
  /** Where classes have their Secrets. */
  readonly namespace: string
  readonly secretNamed: (name: string) => StoredSecret | undefined
  readonly led: Led
}

type Verdict = Omit<Finding, 'type'>
type Part = keyof Rehearsals

const lookMs = 60_000
const parts = { network: 'NetworkReady', images: 'ImagesReady', sizes: 'SizesReady' } as const

/** Whether clusters of a class could be had, as far as that can be told without making any: its conditions. */
export async function tried(
  one: DaskCloudClass,
  options: TrialOptions,
  call: Call,
): Promise<readonly Finding[]> {
  const model = modelOf(one, options)
  if ('problem' in model)
    return [{ type: 'Ready', ...no('ClassInvalid', `The class cannot be used: ${model.problem}.`) }]
  const values = secretOf(one, model.kind, options)
  if (values.kind === 'refused') return unasked(no(values.reason, `${values.problem}.`))
  const veil = (error: unknown): unknown => veiled(error, values.values ?? {})
  const asked = (work: (limit: Call) => Promise<unknown>): Promise<Verdict | undefined> =>
    options.led(lookMs, call, work).then(
      () => undefined,
      (error: unknown) => verdictOf(veil(error)),
    )
  const found: { cloud?: Cloud } = {}
  const refusal = await asked(async limit => {
    found.cloud = await model.kind.connect(model.settings, values.values, options.context)
    await found.cloud.list(limit)
  })
  const { cloud } = found
  try {
    if (cloud === undefined || refusal !== undefined)
      return unasked(refusal ?? unknown('CloudUnavailable', ''))
    const rehearsals = cloud.rehearsals?.(wishOf(one)) ?? {}
    const verdicts = new Map<Part, Verdict>()
    for (const [part, look] of Object.entries(rehearsals))
      if (isPart(part) && look !== undefined)
        verdicts.set(
          part,
          (await asked(look)) ?? { status: 'True', reason: 'Rehearsed', message: works[part] },
        )
    return conclusion(model.kind.name, verdicts)
  } finally {
    await cloud?.close()
  }
}

const works: Readonly<Record<Part, string>> = {
  network: 'The cloud has the network.',
  images: 'The cloud has what the sizes boot.',
  sizes: 'The cloud has the sizes.',
  rights: 'The cloud takes the credentials and would make a machine.',
}

const isPart = (name: string): name is Part => Object.hasOwn(works, name)

/** A dry run that fails for another reason than its rights is told of the network, which it asks for with everything else. */
function conclusion(cloud: string, verdicts: ReadonlyMap<Part, Verdict>): readonly Finding[] {
  const rights = verdicts.get('rights')
  const isOfRights = rights !== undefined && (rights.status !== 'False' || rights.reason === 'Unauthorized')
  const accepted = {
    status: 'True',
    reason: 'Accepted',
    message: 'The cloud takes the credentials.',
  } as const
  const beyond = isOfRights || rights === undefined ? undefined : rights
  const others = Object.entries(parts).map(([part, type]) => {
    const own = isPart(part) ? verdicts.get(part) : undefined
    const verdict = part === 'network' && own?.status === 'True' ? (beyond ?? own) : own
    return { type, ...(verdict ?? cannotTell(cloud, part)) }
  })
  const credentials = {
    type: 'CredentialsReady',
    ...(rights && isOfRights && rights.status === 'False' ? rights : accepted),
  }
  return [ready([credentials, ...others]), credentials, ...others]
}

function ready(all: readonly Finding[]): Finding {
  const wrong = all.find(({ status }) => status === 'False') ?? all.find(({ status }) => status === 'Unknown')
  if (wrong === undefined)
    return {
      type: 'Ready',
      status: 'True',
      reason: 'Rehearsed',
      message: 'Credentials, network, images and sizes work.',
    }
  return { ...wrong, type: 'Ready' }
}

function unasked(credentials: Verdict): readonly Finding[] {
  const own = { type: 'CredentialsReady', ...credentials }
  const message = 'The cloud cannot be asked without credentials.'
  const verdict = { status: 'Unknown', reason: 'NotAsked', message } as const
  const others = Object.values(parts).map(type => ({ type, ...verdict }))
  return [{ ...own, type: 'Ready' }, own, ...others]
}

const cannotTell = (cloud: string, part: string): Verdict => ({
  status: 'Unknown',
  reason: 'CannotTell',
  message: `Nobody can look at the ${part} of ${cloud} without making a machine.`,
})

const no = (reason: string, message: string): Verdict => ({ status: 'False', reason, message })
const unknown = (reason: string, message: string): Verdict => ({ status: 'Unknown', reason, message })

/** Only what a person must change is False: the rest may pass. */
function verdictOf(error: unknown): Verdict {
  if (error instanceof ParseError) return no('InvalidSpec', `${error.message}.`)
  if (!(error instanceof CloudError)) return unknown(reasonOfFault.bug, 'The log has the reason.')
  const isWrong = error.fault === 'invalid' || error.fault === 'unauthorized' || error.fault === 'no-capacity'
  return (isWrong ? no : unknown)(reasonOfFault[error.fault], `${error.message}.`)
}

type Model = { readonly kind: RegisteredCloud; readonly settings: unknown } | { readonly problem: string }

/** A cluster that says nothing itself, as the class makes it. */
function modelOf(one: DaskCloudClass, { allowed, identities }: TrialOptions): Model {
  if (one.problem !== undefined) return { problem: one.problem }
  const metadata = {
    name: 'model',
    namespace: 'model',
    uid: one.uid,
    generation: 1,
    resourceVersion: '1',
    creationTimestamp: '1970-01-01T00:00:00Z',
  }
  const raw = { metadata, spec: filled(one.spec, {}) }
  const parsed = parseResource(raw, cloudParser(allowed, identities))
  if (parsed.kind === 'unknown-cloud') return { problem: `spec.cloud.${parsed.name} is not known here` }
  if (parsed.kind === 'invalid') return { problem: parsed.problems.join('; ') }
  const { cluster } = parsed.resource
  return { kind: cloudOf(cluster, allowed), settings: cluster.cloud.settings }
}

type Values =
  | { readonly kind: 'known'; readonly values: Readonly<Record<string, string>> | undefined }
  | { readonly kind: 'refused'; readonly reason: string; readonly problem: string }

function secretOf(one: DaskCloudClass, kind: RegisteredCloud, options: TrialOptions): Values {
  const name = one.read?.credentialsSecretRef?.name
  if (name === undefined) return { kind: 'known', values: undefined }
  const ref = { namespace: options.namespace, name }
  const found = usableAs('credentials', options.secretNamed(name), ref, each => each.metadata.isDeleting)
  if (found.kind === 'refused') return found
  const values = textsOf(found.secret)
  try {
    kind.checkCredentials(values, `Secret ${name}`)
    return { kind: 'known', values }
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    return { kind: 'refused', reason: 'SecretInvalid', problem: withoutValues(error.message, values) }
  }
}

/** Every size that a cluster of the class may have. */
function wishOf({ spec }: DaskCloudClass) {
  const exposure = textsAt(spec, ['defaults', 'network', 'exposure'])[0]
  return {
    schedulerSizes: [
      ...textsAt(spec, ['defaults', 'scheduler', 'size']),
      ...textsAt(spec, ['overrides', 'schedulerSizes']),
    ],
    workerSizes: [
      ...textsAt(spec, ['defaults', 'workers', 'sizes']),
      ...textsAt(spec, ['overrides', 'workerSizes']),
    ],
    exposure: exposure === 'Private' ? ('Private' as const) : ('Public' as const),
  }
}
