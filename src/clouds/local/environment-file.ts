import { ParseError } from '../../lib/parse.ts'

const assignment = /([A-Za-z_][A-Za-z0-9_]*)="((?:[^"\\$`]|\\["\\$`])*)"\n/y

/** Reads the form of systemd's environment files that machines are given: every value in double quotes, perhaps over lines. */
export function parseEnvironment(text: string, path: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = Object.create(null)
  assignment.lastIndex = 0
  let at = 0
  while (at < text.length) {
    const [whole, name, value] = assignment.exec(text) ?? []
    if (whole === undefined || name === undefined || value === undefined)
      throw new ParseError(`${path}, line ${text.slice(0, at).split('\n').length}`, 'must be NAME="value"')
    found[name] = value.replaceAll(/\\(["\\$`])/g, '$1')
    at += whole.length
  }
  return found
}
