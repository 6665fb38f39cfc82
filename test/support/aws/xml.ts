/** What an answer is made of: a list becomes `item` elements, and what is undefined is left out. */
export type Xml = string | number | boolean | undefined | readonly Xml[] | Members

export interface Members {
  readonly [element: string]: Xml
}

export interface Element {
  readonly name: string
  readonly children: readonly Element[]
  readonly text: string
}

/** The text of a document with one root. */
export const document = (root: string, content: Xml, namespace?: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${element(root, content, namespace)}`

/** EC2 writes times like this everywhere. */
export const time = (ms: number): string => new Date(ms).toISOString()

function element(name: string, content: Xml, namespace?: string): string {
  if (content === undefined) return ''
  const opening = namespace === undefined ? name : `${name} xmlns="${namespace}"`
  return `<${opening}>${inner(content)}</${name}>`
}

function inner(content: Xml): string {
  if (Array.isArray(content)) return content.map(item => element('item', item)).join('')
  if (typeof content !== 'object') return escaped(String(content ?? ''))
  return Object.entries(content)
    .map(([name, value]) => element(name, value))
    .join('')
}

const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' } as const

const escaped = (text: string): string =>
  text.replaceAll(/[&<>"]/g, sign => entities[sign as keyof typeof entities])

const token = /<\?[^>]*\?>|<(?<close>\/)?(?<name>[\w.-]+)[^>]*?(?<empty>\/)?>|(?<text>[^<]+)/g

/** Reads back a document without mixed content: enough for every answer of EC2. */
export function parsed(text: string): Element {
  const top: Building = { name: '', children: [], text: '' }
  const open: Building[] = [top]
  for (const { groups = {} } of text.matchAll(token)) take(open, groups)
  const [root] = top.children
  if (root === undefined || open.length !== 1) throw new Error(`not a whole document: ${text.slice(0, 200)}`)
  return root
}

interface Building {
  readonly name: string
  readonly children: Building[]
  text: string
}

function take(open: Building[], { close, name, empty, text }: Partial<Record<string, string>>): void {
  const current = open.at(-1)
  if (current === undefined) throw new Error('more ends than beginnings')
  if (text !== undefined) current.text += plain(text)
  if (name === undefined) return
  if (close !== undefined) {
    if (open.pop()?.name !== name) throw new Error(`</${name}> ends another element`)
    return
  }
  const child = { name, children: [], text: '' }
  current.children.push(child)
  if (empty === undefined) open.push(child)
}

const plain = (text: string): string =>
  Object.entries(entities)
    .toReversed()
    .reduce((all, [sign, entity]) => all.replaceAll(entity, sign), text)
