import { within } from '../../../src/lib/call.ts'
import { record, text } from '../../../src/lib/parse.ts'
import { type Region, stateOf } from '../../../test/support/aws/world.ts'
import { FakeScheduler } from '../../../test/support/fake-scheduler.ts'
import { operatorNamespace, type Scene } from '../scene.ts'

const port = 8786

/** Somebody who answers as Dask's scheduler does at the address of each scheduler's machine, with its own certificate. */
export class Schedulers implements AsyncDisposable {
  readonly #scene: Scene
  readonly #at = new Map<string, FakeScheduler>()

  constructor(scene: Scene) {
    this.#scene = scene
  }

  async answerFor(region: Region): Promise<void> {
    for (const instance of region.instances.values()) {
      const host = region.interfaces.get(instance.network)?.privateIp
      const uid = instance.tags.get('cloud.dask.org/cluster-uid')
      if (host === undefined || uid === undefined || stateOf(region, instance) !== 'running') continue
      if (!this.#at.has(host)) this.#at.set(host, await this.#listen(uid, host))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#at.values()].map(each => each[Symbol.asyncDispose]()))
  }

  async #listen(uid: string, host: string): Promise<FakeScheduler> {
    const path = `/api/v1/namespaces/${operatorNamespace}/secrets/dask-${uid}-scheduler`
    const secret = await this.#scene.kube.request({ method: 'GET', path }, within(this.#scene.call, 60_000))
    const data = record(record(secret, '')['data'], 'data')
    const pem = (name: string): string => Buffer.from(text(data[name], name), 'base64').toString('utf8')
    const authority = { certificate: pem('ca.crt'), key: '' }
    const scheduler = { certificate: pem('tls.crt'), key: pem('tls.key') }
    return FakeScheduler.listen({ authority, scheduler }, port, host)
  }
}
