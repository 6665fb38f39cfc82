import { purpose } from '../../../src/api/names.ts'
import { within } from '../../../src/lib/call.ts'
import type { Applied } from '../clusters.ts'
import { namespace, type Scene } from '../scene.ts'
import { type Account, regionName } from './site.ts'

/** Applies clusters that spend on one account, with its keys in a Secret. */
export class Tenant {
  readonly account: Account
  readonly #scene: Scene

  private constructor(scene: Scene, account: Account) {
    this.#scene = scene
    this.account = account
  }

  static async of(scene: Scene, account: Account): Promise<Tenant> {
    const metadata = { name: secretName(account), labels: { [purpose.label]: purpose.credentials } }
    const stringData = { AWS_ACCESS_KEY_ID: account.accessKey, AWS_SECRET_ACCESS_KEY: 'secret' }
    const path = `/api/v1/namespaces/${namespace}/secrets`
    await scene.kube.request(
      { method: 'POST', path, body: { metadata, stringData } },
      within(scene.call, 60_000),
    )
    return new Tenant(scene, account)
  }

  apply(name: string, workers: number): Promise<Applied> {
    return this.#scene.clusters.apply(name, workers, {
      cloud: { local: null, aws: { region: regionName } },
      credentialsSecretRef: { name: secretName(this.account) },
      network: { exposure: 'Private' },
    })
  }
}

const secretName = ({ name }: Account): string => `aws-${name}`
