import { apiVersion, classKind, operatorLabel, purpose } from '../../src/api/names.ts'
import { poll } from '../../src/lib/wait.ts'
import type { Condition } from '../../src/model/status.ts'
import type { SharedControlPlane } from './control-plane.ts'

/** As much of a class as tests look at. */
interface ClassObject {
  readonly metadata: { readonly generation: number }
  readonly status?: { readonly observedGeneration?: number; readonly conditions?: readonly Condition[] }
}

/** Classes as whoever runs the platform makes and changes them; they are gone with the desk. */
export class ClassDesk implements AsyncDisposable {
  readonly #plane: SharedControlPlane
  readonly #operator: string
  readonly #names = new Set<string>()

  /** `operator` is the one that keeps their conditions: operators of other tests see all classes too. */
  constructor(plane: SharedControlPlane, operator: string) {
    this.#plane = plane
    this.#operator = operator
  }

  async apply(name: string, spec: object): Promise<void> {
    this.#names.add(name)
    const body = {
      apiVersion,
      kind: classKind,
      metadata: { name, labels: { [operatorLabel]: this.#operator } },
      spec,
    }
    await this.#plane.kubectl(['apply', '-f', '-'], JSON.stringify(body))
  }

  async patch(name: string, spec: object): Promise<void> {
    await this.#plane.kubectl(['patch', 'dcclass', name, '--type=merge', '-p', JSON.stringify({ spec })])
  }

  async remove(name: string): Promise<void> {
    this.#names.delete(name)
    await this.#plane.kubectl(['delete', 'dcclass', name])
  }

  async label(namespace: string, label: string): Promise<void> {
    await this.#plane.kubectl(['label', 'namespace', namespace, '--overwrite', label])
  }

  /** Credentials as a platform keeps them, in the operator's namespace. */
  async secret(namespace: string, name: string, stringData: object): Promise<void> {
    const labels = { [purpose.label]: purpose.credentials }
    const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace, labels }, stringData }
    await this.#plane.kubectl(['apply', '-f', '-'], JSON.stringify(body))
  }

  async finalizersOf(namespace: string, name: string): Promise<string> {
    const path = ['-o', 'jsonpath={.metadata.finalizers}']
    return (await this.#plane.kubectl(['get', 'secret', name, '--namespace', namespace, ...path])).trim()
  }

  async get(name: string): Promise<ClassObject> {
    const found: ClassObject = JSON.parse(await this.#plane.kubectl(['get', 'dcclass', name, '-o', 'json']))
    return found
  }

  /** The class as soon as its newest spec was looked at and it is as wanted. */
  async until(
    name: string,
    isMet: (conditions: readonly Condition[]) => boolean,
  ): Promise<readonly Condition[]> {
    let last: ClassObject | undefined
    const look = async (): Promise<readonly Condition[] | undefined> => {
      last = await this.get(name)
      const { conditions = [], observedGeneration } = last.status ?? {}
      return observedGeneration === last.metadata.generation && isMet(conditions) ? conditions : undefined
    }
    return poll(look, 200, { signal: AbortSignal.timeout(30_000) }).catch(() => {
      throw new Error(`the class ${name} did not become as wanted: ${JSON.stringify(last)}`)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#names)
      await this.#plane.kubectl(['delete', 'dcclass', name, '--ignore-not-found', '--wait=false'])
  }
}
