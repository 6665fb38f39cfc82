import { settings, variablePrefix } from '../src/config.ts'
import { flagOf, type Option, variableOf } from '../src/lib/options.ts'

/** `docs/settings.md`: what `--help` says, as a table. */
export const settingsPage = (): string => `# Settings

<!-- Generated from src/config.ts by \`npm run generate\`. Do not edit: \`npm run verify\` compares. -->

Each setting is a flag or a variable of the environment; flags win. \`npm start -- --help\` says the same. A variable that begins with
\`${variablePrefix}\` and is none of these is an error, as an unknown flag is.

| flag, variable | what it is | default |
|---|---|---|
${Object.entries(settings).map(row).join('\n')}
`

function row([key, option]: readonly [string, Option<unknown>]): string {
  const { description, placeholder, defaultText } = option
  const flag =
    placeholder === undefined ? flagOf(key).replace('--', '--[no-]') : `${flagOf(key)} ${placeholder}`
  const standard = defaultText ?? String(option.default)
  const names = `\`${flag}\`<br>\`${variableOf(key, variablePrefix)}\``
  return `| ${[names, description, standard].map(text => text.replaceAll('|', String.raw`\|`)).join(' | ')} |`
}
