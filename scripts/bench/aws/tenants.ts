import type { Applied } from '../clusters.ts'
import type { Scene } from '../scene.ts'
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
    const keys = { AWS_ACCESS_KEY_ID: account.accessKey, AWS_SECRET_ACCESS_KEY: 'secret' }
    await scene.giveCredentials(secretName(account), keys)
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
