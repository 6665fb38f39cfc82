/** One file that a machine has from its first boot. */
export interface MachineFile {
  readonly path: string
  /** Four octal digits. */
  readonly permissions: string
  readonly content: string
}

/**
 * `#cloud-config` of exactly these files and commands. It is written by hand so that it never changes under us: equal
 * input gives equal bytes, and every content is read back exactly by YAML 1.1 and 1.2.
 */
export function renderCloudConfig(
  files: readonly MachineFile[],
  commands: readonly (readonly string[])[],
): string {
  const lines = [
    '#cloud-config',
    'write_files:',
    ...files.flatMap(({ path, permissions, content }) => [
      `- path: ${quoted(path)}`,
      `  permissions: ${quoted(permissions)}`,
      `  content: ${scalar(content)}`,
    ]),
    'runcmd:',
    ...commands.map(words => `- [${words.map(quoted).join(', ')}]`),
  ]
  return `${lines.join('\n')}\n`
}

/** As a block where it can be read as one; whatever a reader of YAML might fold, trim or take for a line break is escaped. */
function scalar(content: string): string {
  if (!/^[!-~][\t\n -~]*\n$/.test(content) || content.endsWith('\n\n')) return quoted(content)
  const lines = content.slice(0, -1).split('\n')
  return ['|', ...lines.map(line => (line === '' ? '' : `    ${line}`))].join('\n')
}

/** In double quotes, in ASCII. JSON would write surrogate pairs, which YAML 1.1 does not join. */
function quoted(text: string): string {
  const characters = Array.from(text.toWellFormed(), character => {
    const code = character.codePointAt(0) ?? 0
    if (character === '"' || character === '\\') return `\\${character}`
    if (character === '\n') return String.raw`\n`
    if (code >= 0x20 && code < 0x7f) return character
    const hexadecimal = code.toString(16)
    return code > 0xffff ? `\\U${hexadecimal.padStart(8, '0')}` : `\\u${hexadecimal.padStart(4, '0')}`
  })
  return `"${characters.join('')}"`
}
