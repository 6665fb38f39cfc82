import { readFileSync } from 'node:fs'
import { isMap, isScalar, type Node, parseDocument, type YAMLMap } from 'yaml'
import { chartPath } from './place.ts'

/** A value of `values.yaml`: its path, what the comment above it says, and its default. */
export interface Value {
  readonly path: string
  readonly comment: string
  readonly standard: unknown
  readonly isMap: boolean
}

const text = (): string => readFileSync(chartPath('values.yaml'), 'utf8')

/** All values in the order of the file, maps before what is in them. */
export function readValues(): readonly Value[] {
  const document = parseDocument(text())
  if (!isMap(document.contents)) throw new Error('values.yaml must be a map')
  return valuesOf(document.contents, '')
}

function valuesOf(map: YAMLMap, above: string): readonly Value[] {
  return map.items.flatMap(({ key, value }, at) => {
    if (!isScalar(key)) throw new Error(`values.yaml: a key of ${above || 'the file'} is no word`)
    const path = `${above}${String(key.value)}`
    // The comment above the first key of a map is the map's own, as the parser sees it.
    const comment = key.commentBefore ?? (at === 0 ? map.commentBefore : undefined) ?? ''
    const node = value as Node | null
    const own = { path, comment: cleaned(comment), standard: node?.toJSON() as unknown, isMap: isMap(node) }
    return isMap(node) && node.items.length > 0 ? [own, ...valuesOf(node, `${path}.`)] : [own]
  })
}

/** The last paragraph: what is before an empty line is about the file. */
const cleaned = (comment: string): string =>
  (comment.split(/\n\s*\n/).at(-1) ?? '')
    .split('\n')
    .map(line => line.trim())
    .join(' ')
    .trim()
