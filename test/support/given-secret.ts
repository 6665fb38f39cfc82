import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClusterStage } from './cluster-e2e.ts'
import type { Texts } from './openssl-authority.ts'

export const marked = { 'cloud.dask.org/purpose': 'certificates' }

/** Stores certificates as a person would, in place of those that are there. */
export async function keep(
  stage: ClusterStage,
  name: string,
  texts: Partial<Texts>,
  labels = {},
): Promise<void> {
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name, labels }, stringData: texts }
  const path = join(await stage.subfolder('secrets'), `${name}.json`)
  await writeFile(path, JSON.stringify(secret), { mode: 0o600 })
  await stage.kubectl('apply', '-f', path)
}
