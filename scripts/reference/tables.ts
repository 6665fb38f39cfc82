import { boundsOf, contentOf, type Field, rulesOf, type Section, typeOf } from './fields.ts'
import { changeOf } from './words.ts'

export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

/** What a user writes: with what a change of it does. */
export function specSection(section: Section): string {
  const rows = section.fields.map(field => [...cells(field), changeOf(field.path), what(field)])
  return sectionText(section, table(['field', 'type', 'default', 'change', 'what it is'], rows))
}

export function statusSection(section: Section): string {
  const rows = section.fields.map(field => [...cells(field), what(field)])
  return sectionText(section, table(['field', 'type', 'default', 'what it is'], rows))
}

/** The two roots have a heading already. */
function sectionText(section: Section, fields: string): string {
  const { path, node } = section
  const title = path.includes('.') ? `### ${path}\n\n` : ''
  const rules = rulesOf(section).map(rule => `- \`${rule.path}\`: ${escaped(rule.message)}.`)
  const said = rules.length === 0 ? '' : `\n\nRules:\n\n${rules.join('\n')}`
  const shown = section.fields.length === 0 ? 'It has no fields.' : fields
  return `${title}${escaped(node.description)}\n\n${shown}${said}`
}

const cells = (field: Field): readonly string[] => [
  `\`${field.path}\``,
  typeAndBounds(field),
  defaultOf(field),
]

const what = ({ node }: Field): string => escaped(node.description)

/** Objects lead to their own section. */
function typeAndBounds({ path, node }: Field): string {
  const [end, content] = contentOf(node)
  const type = content.properties === undefined ? typeOf(node) : `[${typeOf(node)}](#${anchorOf(path + end)})`
  const keys = node['x-kubernetes-list-map-keys']
  const told = [type, boundsOf(node), keys === undefined ? '' : `one for each ${keys.join(', ')}`]
  return told.filter(text => text !== '').join('<br>')
}

function defaultOf({ node, isRequired }: Field): string {
  if (node.default !== undefined) return `\`${JSON.stringify(node.default)}\``
  return isRequired ? '**required**' : ''
}

/** As GitHub makes it of a heading. */
const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

/** Descriptions are plain text: what would be markup in them is not meant so. */
export const escaped = (text: string): string =>
  text.replaceAll(/[|*<]/g, String.raw`\$&`).replaceAll(/"([^"]+)"/g, '`"$1"`')
