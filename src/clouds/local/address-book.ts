import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isRecord } from '../../lib/parse.ts'
import type { ReservedAddress } from '../../model/machine.ts'
import { type ClusterUid, clusterUid, readClusterKey } from '../../model/names.ts'
import { schedulerPort } from '../../model/ports.ts'
import type { Owner } from '../contract.ts'
import { unlessMissing } from './faults.ts'
import { readJson, writeFirst } from './files.ts'
import type { Loopback } from './loopback.ts'
import { parseEndpoint } from './tags.ts'

/** The schedulers' addresses of one installation: a file each, `<UID>.json`. */
export class AddressBook {
  readonly #folder: string
  readonly #loopback: Loopback

  constructor(folder: string, loopback: Loopback) {
    this.#folder = folder
    this.#loopback = loopback
  }

  async all(): Promise<readonly ReservedAddress[]> {
    const names = (await unlessMissing(readdir(this.#folder))) ?? []
    const found = await Promise.all(names.map(name => this.#read(name)))
    return found.filter(address => address !== undefined)
  }

  find(owner: ClusterUid): Promise<ReservedAddress | undefined> {
    return this.#read(`${owner}.json`)
  }

  async reserve({ uid: owner, key }: Owner): Promise<ReservedAddress> {
    const there = await this.find(owner)
    if (there !== undefined) return there
    const path = this.#path(owner)
    const endpoint = await this.#loopback.claim(schedulerPort, path)
    if (await writeFirst(path, JSON.stringify({ ...endpoint, cluster: key })))
      return { owner, key, internal: endpoint, external: endpoint }
    await this.#loopback.release(endpoint, path)
    return this.reserve({ uid: owner, key })
  }

  async release(owner: ClusterUid): Promise<void> {
    const there = await this.find(owner)
    if (there === undefined) return
    await this.#loopback.release(there.internal, this.#path(owner))
    await rm(this.#path(owner), { force: true })
  }

  /** A file that is none of ours is nobody's address. */
  async #read(name: string): Promise<ReservedAddress | undefined> {
    const owner = ownerOf(name)
    if (owner === undefined) return undefined
    return readJson(this.#path(owner), raw => {
      const endpoint = parseEndpoint(raw, 'address')
      const cluster = isRecord(raw) && typeof raw['cluster'] === 'string' ? raw['cluster'] : ''
      return { owner, key: readClusterKey(cluster), internal: endpoint, external: endpoint }
    })
  }

  #path(owner: ClusterUid): string {
    return join(this.#folder, `${owner}.json`)
  }
}

function ownerOf(name: string): ClusterUid | undefined {
  try {
    return name.endsWith('.json') ? clusterUid(name.slice(0, -'.json'.length)) : undefined
  } catch {
    return undefined
  }
}
