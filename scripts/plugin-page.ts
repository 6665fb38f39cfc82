import type { Command } from '../src/cli/command.ts'
import { commonOptions } from '../src/cli/command.ts'
import { commands } from '../src/cli/commands.ts'
import { exits } from '../src/cli/exit.ts'
import { programName, shown, usageOf } from '../src/cli/help.ts'

/** `docs/kubectl-daskcloud.md`: what `--help` says, with how it is installed and what it leaves to others. */
export const pluginPage = (): string => `# kubectl daskcloud

<!-- Generated from src/cli by \`npm run generate\`. Do not edit: \`npm run verify\` compares. -->

A plugin of kubectl for those who use clusters. It works with your rights in Kubernetes and with the Secret of a cluster's client, needs no
credentials of a cloud, and asks nothing of the operator: what it shows is in the custom resource, in events, or told by Dask itself over mutual TLS.

| command | what it does |
|---|---|
${commands.map(({ name, summary }) => `| [\`${name}\`](#${name}) | ${summary} |`).join('\n')}

A terminal gets colour, trees and progress; \`NO_COLOR\` takes the colour away. A pipe gets plain text, with indentation in place of lines.
\`-o json\` gives one JSON document on standard output, whatever the command (\`logs --follow\`: one a line). What is told meanwhile, and errors, are on standard error.

## Install

Node 24 (or 22.19 and later), and kubectl or not: \`kubectl daskcloud\` and \`kubectl-daskcloud\` are the same. From a checkout, after \`npm ci\`:

\`\`\`sh
npm pack ./plugin && npm install --global ./kubectl-daskcloud-*.tgz   # a package of its own, without the operator's dependencies
npm link                                                            # or: the sources as they are, with Node 24
kubectl daskcloud --version
\`\`\`

The kubeconfig is read as kubectl reads it, proxies and credential plugins with it, but for \`auth-provider\` and plugins that insist on asking a person (\`interactiveMode: Always\`): log in
with kubectl first.

## Exit codes

| code | what it means |
|---|---|
${Object.values(exits)
  .map(({ code, means }) => `| ${code} | ${means} |`)
  .join('\n')}
| 130 | Ctrl-C or SIGTERM stopped it, which is the usual end of what goes on for ever |
| 141 | nobody reads its output any more |

With \`connect --exec\` it is the other program's own exit code.

## Flags of every command

${optionsTable(commonOptions)}

${commands.map(section).join('\n\n')}
`

const section = (command: Command): string => `## ${command.name}

\`\`\`
${usageOf(command)}
\`\`\`

${command.description.join('\n\n')}

${Object.keys(command.options).length === 0 ? '' : `${optionsTable(command.options)}\n\n`}\`\`\`sh
${command.examples.map(({ line, does }) => `${`${programName} ${line}`.padEnd(64)} # ${does}`).join('\n')}
\`\`\``

function optionsTable(options: Command['options']): string {
  const rows = shown(options).map(({ head, text }) => `| \`${escaped(head)}\` | ${escaped(text)} |`)
  return ['| flag | what it is |', '|---|---|', ...rows].join('\n')
}

const escaped = (text: string): string => text.replaceAll('|', String.raw`\|`)
