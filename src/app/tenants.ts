import type { IssuedCertificates } from '../kube/issued-certificates.ts'
import { SecretReader } from '../kube/secret-reader.ts'
import type { Secrets } from '../kube/secrets.ts'
import { steadyNow } from '../lib/steady.ts'
import { Credentials } from './credentials.ts'
import { GivenCertificates } from './given-certificates.ts'
import { Issuing } from './issuing.ts'
import type { Office } from './leader.ts'
import type { TenantSecretsOptions } from './tenant-secrets.ts'

export interface Stores {
  readonly secrets: Secrets
  readonly issued: IssuedCertificates
}

/** What tenants keep beside their clusters. All of it is read at one pace, and its reads end with it. */
export class Tenants implements AsyncDisposable {
  readonly credentials: Credentials
  readonly given: GivenCertificates
  readonly #reader: SecretReader

  constructor(
    { config, namespace }: Pick<Office, 'config' | 'namespace'>,
    { secrets, issued }: Stores,
    notify: TenantSecretsOptions['notify'],
  ) {
    const { allowClouds: allowed, ambientClouds: ambient } = config
    const reader = new SecretReader(secrets)
    const shared = { reader, now: steadyNow, notify }
    const issuing = new Issuing({ certificates: issued, secrets, now: steadyNow })
    this.credentials = new Credentials({ ...shared, secrets, allowed, ambient, operatorNamespace: namespace })
    this.given = new GivenCertificates({ ...shared, issuing, wall: Date.now })
    this.#reader = reader
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader[Symbol.asyncDispose]()
  }
}
