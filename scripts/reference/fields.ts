import type { CelRule, OpenApi } from '../../src/api/schema/schema.ts'

/** One field as the page shows it. */
export interface Field {
  /** From `spec` or `status`, lists as `[]` and maps as `.*`: `status.conditions[].type`. */
  readonly path: string
  readonly name: string
  readonly node: OpenApi
  readonly isRequired: boolean
}

/** An object of the resource, with the fields that it has itself. */
export interface Section {
  readonly path: string
  readonly node: OpenApi
  readonly fields: readonly Field[]
}

/** An object first, then the objects within it, in the order of the schema. */
export function sectionsOf(path: string, node: OpenApi): readonly Section[] {
  const fields = Object.entries(node.properties ?? {}).map(([name, member]) => ({
    path: `${path}.${name}`,
    name,
    node: member,
    isRequired: node.required?.includes(name) ?? false,
  }))
  const inner = fields.flatMap(field => {
    const [end, content] = contentOf(field.node)
    return content.properties === undefined ? [] : sectionsOf(`${field.path}${end}`, content)
  })
  return [{ path, node, fields }, ...inner]
}

/** What a list or a map is made of, and how a path goes on into it; anything else is its own content. */
export function contentOf(node: OpenApi): readonly [string, OpenApi] {
  if (node.items !== undefined) return ['[]', node.items]
  if (node.additionalProperties !== undefined) return ['.*', node.additionalProperties]
  return ['', node]
}

export interface SaidRule extends CelRule {
  readonly path: string
}

/** The rules of an object and of those of its fields that have no section of their own. */
export function rulesOf({ path, node, fields }: Section): readonly SaidRule[] {
  const own = of(path, node)
  const inner = fields.flatMap(field => {
    const [end, content] = contentOf(field.node)
    if (content.properties !== undefined) return end === '' ? [] : of(field.path, field.node)
    return [...of(field.path, field.node), ...(end === '' ? [] : of(`${field.path}${end}`, content))]
  })
  return [...own, ...inner]
}

const of = (path: string, node: OpenApi): readonly SaidRule[] =>
  (node['x-kubernetes-validations'] ?? []).map(rule => ({ path, ...rule }))

/** `list of string`, `map to number`, `time`. */
export function typeOf(node: OpenApi): string {
  const [end, content] = contentOf(node)
  if (end === '[]') return `list of ${typeOf(content)}`
  if (end === '.*') return `map to ${typeOf(content)}`
  return node.format === 'date-time' ? 'time' : node.type
}

/** `0 to 1000`, `at most 64 entries, each at most 2048 characters`; '' where there is none. */
export function boundsOf(node: OpenApi): string {
  const [end, content] = contentOf(node)
  const inner = end === '' ? '' : boundsOf(content)
  return [
    ...(node.enum === undefined ? [] : [node.enum.map(word => `\`${word}\``).join(', ')]),
    range(node.minimum, node.maximum, ''),
    range(node.minLength, node.maxLength, ' characters'),
    range(undefined, node.maxItems, ' items'),
    range(undefined, node.maxProperties, ' entries'),
    inner === '' ? '' : `each ${inner}`,
  ]
    .filter(text => text !== '')
    .join(', ')
}

function range(min: number | undefined, max: number | undefined, unit: string): string {
  if (max === Number.MAX_SAFE_INTEGER || (max === undefined && min !== undefined))
    return `${min ?? 0}${unit} or more`
  if (max === undefined) return ''
  return min === undefined ? `at most ${max}${unit}` : `${min} to ${max}${unit}`
}
