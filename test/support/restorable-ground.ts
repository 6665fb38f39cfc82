import { cp, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { established } from '../../scripts/controlplane/established.ts'
import { type ControlPlane, startControlPlane } from '../../scripts/controlplane/index.ts'
import { operatorDirectory } from './operator.ts'
import { OperatorRoom } from './operator-room.ts'

/** One run of the control plane, and a room on it. */
export interface Era {
  readonly plane: ControlPlane
  readonly room: OperatorRoom
}

const namespaces = { tenant: 'default', operator: 'dask-operator' }

/** A control plane that is stopped and started again, and whose store can be put back to what it was. Its simulated cloud goes on. */
export class RestorableGround implements AsyncDisposable {
  readonly #folder: { readonly path: string } & AsyncDisposable

  private constructor(folder: { readonly path: string } & AsyncDisposable) {
    this.#folder = folder
  }

  static async open(): Promise<RestorableGround> {
    return new RestorableGround(await operatorDirectory())
  }

  /** Starts everything, and stops it all once the work is done: operators first, the store last. */
  async during<T>(work: (era: Era) => Promise<T>): Promise<T> {
    await using plane = await startControlPlane({
      directory: this.#at('plane'),
      signal: AbortSignal.timeout(180_000),
      progress: () => undefined,
      controllers: false,
    })
    const directory = this.#at('operator')
    await mkdir(directory, { recursive: true })
    await using room = await OperatorRoom.openIn(plane, { directory, namespaces })
    return await work({ plane, room })
  }

  /** Copies the store of a control plane that is stopped. */
  async keepStore(): Promise<void> {
    await cp(this.#store, this.#at('kept'), { recursive: true })
  }

  /** What was written since the copy was made has never been. */
  async restoreStore(): Promise<void> {
    await rm(this.#store, { recursive: true })
    await cp(this.#at('kept'), this.#store, { recursive: true })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#folder[Symbol.asyncDispose]())
  }

  get #store(): string {
    return join(this.#at('plane'), 'etcd')
  }

  #at(name: string): string {
    return join(this.#folder.path, name)
  }
}

/** The custom resource and the namespaces, where the store is new. */
export async function furnish({ plane }: Era): Promise<void> {
  await plane.kubectl(['apply', '--server-side', '-f', 'crds/'])
  await established(plane, 'crds/')
  await plane.kubectl(['create', 'namespace', namespaces.operator])
}
