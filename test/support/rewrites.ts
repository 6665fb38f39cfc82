import { isRecord } from '../../src/lib/parse.ts'

type Fields = Readonly<Record<string, unknown>>

/** Changes the cluster of this name in whatever the API server says: an object, a list, a line of a watch. */
export const rewriting =
  (name: string, change: (cluster: Fields) => Fields): ((text: string) => string) =>
  text => {
    if (!text.includes(`"name":"${name}"`)) return text
    const said: unknown = JSON.parse(text)
    return JSON.stringify(rewritten(said, name, change))
  }

function rewritten(said: unknown, name: string, change: (cluster: Fields) => Fields): unknown {
  if (!isRecord(said)) return said
  const { items, object, metadata } = said
  if (Array.isArray(items)) return { ...said, items: items.map(each => rewritten(each, name, change)) }
  if (object !== undefined) return { ...said, object: rewritten(object, name, change) }
  const isIt = isRecord(metadata) && metadata['name'] === name && isRecord(said['spec'])
  return isIt ? change(said) : said
}
