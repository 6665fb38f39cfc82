import { canonical } from '../lib/fingerprint.ts'
import { ParseError } from '../lib/parse.ts'
import type { Cluster } from '../model/cluster.ts'
import type { Role } from '../model/names.ts'
import { aws } from './aws/aws.ts'
import { azure } from './azure/azure.ts'
import type { Cloud, CloudContext, CloudKind, MachineWish, SecretData } from './contract.ts'
import { digitalOcean } from './digitalocean/digitalocean.ts'
import { gcp } from './gcp/gcp.ts'
import { local } from './local/local.ts'
import { checkIdentities, type MachineIdentity } from './machine-identities.ts'
import { simulated } from './simulated/simulated.ts'

/** A cloud whose settings have lost their type on the way through the house, and get it back here. */
export interface RegisteredCloud {
  readonly name: string
  parse(raw: unknown, path: string): unknown
  /** Of settings that do not parse: raw ones that do, enough to end what a cluster has. */
  essentials(raw: unknown): unknown
  /** Undefined where the connected cloud is to be asked. */
  offerings(settings: unknown, wish: Pick<MachineWish, 'sizes' | 'purchasing'>): readonly string[] | undefined
  intent(settings: unknown, role: Role): unknown
  connection(settings: unknown): string
  identities(settings: unknown): readonly MachineIdentity[]
  /** Throws a ParseError, which shows no value. */
  checkCredentials(secret: SecretData, path: string): void
  /** `secret` is undefined where the operator's own identity is used. Throws a ParseError or a CloudError. */
  connect(settings: unknown, secret: SecretData | undefined, context: CloudContext): Promise<Cloud>
  readonly isTrial: boolean
  readonly ignoresNetwork: boolean
  /** Settings of what the operator's own identity reaches, or undefined. */
  ambient(places: readonly string[]): readonly unknown[]
}

/** Every cloud there is: adding one is one folder and one line here. */
const clouds: readonly RegisteredCloud[] = [
  registered(aws),
  registered(azure),
  registered(digitalOcean),
  registered(gcp),
  registered(local),
  registered(simulated),
]

/** The cloud of a resource, or a ParseError where the operator may not use it. */
function cloudNamed(name: string, allowed: readonly string[], path: string): RegisteredCloud {
  const cloud = clouds.find(each => each.name === name)
  if (cloud !== undefined && (!cloud.isTrial || allowed.includes(name))) return cloud
  const known = clouds.filter(each => !each.isTrial || allowed.includes(each.name)).map(each => each.name)
  const hint =
    cloud === undefined ? '' : `: it is no real cloud, and the operator's --allow-clouds must name ${name}`
  throw new ParseError(`${path}.${name}`, `is not allowed here${hint} (these are: ${known.join(', ')})`)
}

/** Settings are parsed again on every way in: they are small, and what comes out is typed without an assertion. */
function registered<Settings, Credentials>(kind: CloudKind<Settings, Credentials>): RegisteredCloud {
  const typed = (settings: unknown): Settings => kind.parse(settings, `spec.cloud.${kind.name}`)
  const read = (secret: SecretData, path: string): Credentials =>
    kind.credentials === undefined ? refuse(kind.name, path) : kind.credentials(secret, path)
  return {
    name: kind.name,
    parse: (raw, path) => kind.parse(raw, path),
    essentials: raw => kind.essentials?.(raw) ?? {},
    offerings: (settings, wish) => kind.offerings?.(typed(settings), wish),
    intent: (settings, role) => kind.intent(typed(settings), role),
    connection: settings => `${kind.name} ${canonical(kind.connection(typed(settings)))}`,
    identities: settings => kind.identities?.(typed(settings)) ?? [],
    checkCredentials: (secret, path) => void read(secret, path),
    connect: async (settings, secret, context) =>
      kind.connect(typed(settings), secret && read(secret, 'spec.credentialsSecretRef'), context),
    isTrial: kind.isTrial ?? false,
    ignoresNetwork: kind.ignoresNetwork ?? false,
    ambient: places => kind.ambient?.(places) ?? [],
  }
}

function refuse(name: string, path: string): never {
  throw new ParseError(path, `the ${name} cloud takes no credentials: take spec.credentialsSecretRef away`)
}

/** Where the operator itself may go, without a cluster's credentials; `places` are what its configuration names, by cloud. */
export const ambientPlaces = ({
  allowed,
  withOwnIdentity,
  places,
}: {
  readonly allowed: readonly string[]
  readonly withOwnIdentity: readonly string[]
  readonly places: Readonly<Record<string, readonly string[]>>
}): readonly { readonly kind: RegisteredCloud; readonly settings: unknown }[] =>
  clouds
    .filter(({ name, isTrial }) => (isTrial ? allowed : withOwnIdentity).includes(name))
    .flatMap(kind => kind.ambient(places[kind.name] ?? []).map(settings => ({ kind, settings })))

/**
 * How the resource's parser reads `spec.cloud`; undefined for a cloud that this version does not know. `identities` are
 * those that machines may be given.
 */
export const cloudParser =
  (allowed: readonly string[], identities: readonly string[] = []) =>
  (
    name: string,
    settings: unknown,
    { path, isDeleting }: { readonly path: string; readonly isDeleting: boolean },
  ) => {
    const known = clouds.find(each => each.name === name)
    if (known === undefined) return undefined
    const cloud = isDeleting ? known : cloudNamed(name, allowed, 'spec.cloud')
    const parsed = isDeleting
      ? generously(
          () => cloud.parse(settings, path),
          () => cloud.parse(cloud.essentials(settings), path),
        )
      : cloud.parse(settings, path)
    if (!isDeleting) checkIdentities(cloud.identities(parsed), identities, path)
    const intent = (role: Role): unknown => cloud.intent(parsed, role)
    return { settings: parsed, ignoresNetwork: cloud.ignoresNetwork, intent }
  }

/** Whatever may be used, and for what is deleted whatever there is. */
export function cloudOf(
  { cloud, phase }: Pick<Cluster, 'cloud' | 'phase'>,
  allowed: readonly string[],
): RegisteredCloud {
  return cloudNamed(cloud.name, phase === 'deleting' ? clouds.map(({ name }) => name) : allowed, 'spec.cloud')
}

function generously<T>(strict: () => T, fallback: () => T): T {
  try {
    return strict()
  } catch (error) {
    if (error instanceof ParseError) return fallback()
    throw error
  }
}
