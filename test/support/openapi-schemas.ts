import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isRecord } from '../../src/lib/parse.ts'

type Get = (path: string) => Promise<unknown>

/**
 * Writes the JSON schemas of these kinds into a folder, as kubeconform looks for them, from what an API server publishes at
 * /openapi/v3. Fields that a schema does not know are refused.
 */
export async function writeSchemas(
  kinds: Iterable<{ readonly apiVersion: string; readonly kind: string }>,
  folder: string,
  get: Get,
): Promise<void> {
  await mkdir(folder, { recursive: true })
  const byVersion = new Map<string, Set<string>>()
  for (const { apiVersion, kind } of kinds)
    byVersion.set(apiVersion, (byVersion.get(apiVersion) ?? new Set<string>()).add(kind))
  for (const [apiVersion, wanted] of byVersion) {
    const path = apiVersion.includes('/') ? `apis/${apiVersion}` : `api/${apiVersion}`
    const schemas = schemasIn(await get(`/openapi/v3/${path}`))
    for (const kind of wanted) {
      const name = Object.keys(schemas).find(each => isOf(schemas[each], apiVersion, kind))
      if (name === undefined)
        throw new Error(`the API server publishes no schema of ${kind} in ${apiVersion}`)
      const components = { schemas: strict(schemas) }
      // As kubeconform names them: of a group's name its first part alone.
      const [version = '', group = ''] = apiVersion.split('/').toReversed()
      const parts = [kind, group.split('.')[0] ?? '', version].filter(part => part !== '')
      const file = `${parts.join('-').toLowerCase()}.json`
      await writeFile(
        join(folder, file),
        JSON.stringify({ $ref: `#/components/schemas/${name}`, components }),
      )
    }
  }
}

function schemasIn(document: unknown): Readonly<Record<string, unknown>> {
  const components = isRecord(document) ? document['components'] : undefined
  const schemas = isRecord(components) ? components['schemas'] : undefined
  if (!isRecord(schemas)) throw new Error('no schemas in what the API server publishes')
  return schemas
}

function isOf(schema: unknown, apiVersion: string, kind: string): boolean {
  const kinds = isRecord(schema) ? schema['x-kubernetes-group-version-kind'] : undefined
  const [version = '', group = ''] = apiVersion.split('/').toReversed()
  return (
    Array.isArray(kinds) &&
    kinds.some(
      (each: unknown) =>
        isRecord(each) && each['kind'] === kind && each['group'] === group && each['version'] === version,
    )
  )
}

/** With no other fields than those that are named, all the way down. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict)
  if (!isRecord(schema)) return schema
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, strict(value)]))
  const isClosed = isRecord(schema['properties']) && schema['additionalProperties'] === undefined
  return isClosed && schema['type'] === 'object' ? { ...inner, additionalProperties: false } : inner
}
