import { globSync, readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'
import { apiVersion, kind } from '../../src/api/names.ts'
import { isRecord } from '../../src/lib/parse.ts'
import { merged } from './specs.ts'

/** One document of YAML that a page shows. */
export interface Example {
  /** `docs/aws.md:55`, where its block begins, and which document of the block it is. */
  readonly place: string
  readonly shown: unknown
}

export interface Applicable {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Readonly<Record<string, unknown>>
}

/** What README and the pages of docs/ show; decisions (docs/adr) are left out, since they are not edited. */
export const examplesOf = (): readonly Example[] =>
  ['README.md', ...globSync(['docs/*.md', 'docs/reference/*.md']).toSorted()].flatMap(page =>
    examplesIn(page, readFileSync(page, 'utf8')),
  )

/** Blocks of `yaml`, and what blocks of `sh` have kubectl read from a here-document. */
export function examplesIn(page: string, text: string): readonly Example[] {
  const fenced = [...text.matchAll(/^( *)```yaml\n(.*?)^ *```/gms)]
  const here = [...text.matchAll(/^( *)[^\n`]*kubectl[^\n]*<<-?'?(?:\w+)'?\n(.*?)^ *[A-Z]+$/gms)]
  return [...fenced, ...here].flatMap(([, , block = ''], at) => {
    const { index } = [...fenced, ...here][at] ?? { index: 0 }
    const line = text.slice(0, index).split('\n').length
    return documentsIn(block).map((shown, each) => ({
      place: `${page}:${line}, document ${each + 1}`,
      shown,
    }))
  })
}

function documentsIn(block: string): readonly unknown[] {
  const width = /^ */.exec(block)?.[0].length ?? 0
  const text = block.replaceAll(new RegExp(`^ {${width}}`, 'gm'), '')
  return [...parseAllDocuments(text)].map(each => {
    const [error] = each.errors
    if (error !== undefined) throw error
    return each.toJS()
  })
}

const fragment = { name: 'fragment' }
/** The smallest cluster; what a page shows of a spec is put into it. */
const cluster = (spec: unknown): Applicable & { readonly spec: unknown } => ({
  apiVersion,
  kind,
  metadata: fragment,
  spec: merged(cloudIn(spec) ? {} : { cloud: { local: {} } }, spec),
})
const cloudIn = (spec: unknown): boolean => isRecord(spec) && spec['cloud'] !== undefined

const ofSpec = new Set([
  'cloud',
  'software',
  'scheduler',
  'workers',
  'workerGroups',
  'network',
  'security',
  'dashboard',
  'lifetime',
  'suspend',
])
const ofContainer = new Set(['env', 'volumeMounts', 'command', 'args'])

/**
 * What the API server is given: a whole object as it is; `spec` alone, or fields of it, within a cluster; fields of a
 * container within a pod that has the volume `dask`. Throws where it is none of these.
 */
export function applicable({ place, shown }: Example): Applicable {
  if (!isRecord(shown)) throw new Error(`${place} is no mapping`)
  const { apiVersion: version, kind: what, metadata, spec } = shown
  if (typeof version === 'string' && typeof what === 'string')
    return { ...shown, apiVersion: version, kind: what, metadata: isRecord(metadata) ? metadata : fragment }
  const keys = Object.keys(shown)
  if (keys.join() === 'spec') return cluster(spec)
  if (keys.every(key => ofSpec.has(key))) return cluster(shown)
  if (keys.every(key => ofContainer.has(key))) return pod(shown)
  throw new Error(`${place} is neither an object nor a part of one that is known: ${keys.join(', ')}`)
}

const pod = (container: object): Applicable & { readonly spec: object } => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: fragment,
  spec: {
    containers: [{ name: 'job', image: 'example.com/job', ...container }],
    volumes: [{ name: 'dask', secret: { secretName: 'demo-client' } }],
  },
})
