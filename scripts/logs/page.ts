import { fieldWords, type LineWords, lines } from './lines.ts'

/** `docs/logs.md`. */
export const logsPage = (): string => `# Logs

<!-- Generated from scripts/logs by \`npm run generate\`. Do not edit: \`npm run verify\` compares. -->

One JSON object a line, on standard output. \`--log-format text\` writes the same for a terminal, with the fields as \`name=value\` and traces below the line. Every line has \`level\`, \`time\` and \`message\`;
within a pass over a cluster it has \`cluster\` and \`pass\` too, so that one \`pass\` selects all that one look has done. Whatever looks like a secret is \`[redacted]\`, and texts are cut at 8,192 characters.

\`--log-level warn\` leaves out steps that were taken. Nothing is written below \`info\`.

Each operator that a test starts has its log compared with this page when it ends: a message, level or field that is not here fails that test. Answers to a wrong command line go to standard error as plain text, and so does what Node itself has to say.

\`\`\`sh
kubectl -n dask-system logs deploy/dask-cloud-operator | jq -c 'select(.cluster == "team/demo") | [.time, .message, .step.type, .because, .problem]'
kubectl -n dask-system logs deploy/dask-cloud-operator | jq -c 'select(.level == "warn" or .level == "error")'
\`\`\`

## Fields

| field | what it is |
|---|---|
${Object.entries(fieldWords)
  .map(([field, what]) => `| \`${field}\` | ${what} |`)
  .join('\n')}

## Messages

\`{}\` stands for other words. A field with \`?\` may be missing.

| level | message | fields | when |
|---|---|---|---|
${lines.map(row).join('\n')}
`

const row = ({ level, message, fields, when }: LineWords): string =>
  `| ${level} | ${message} | ${fields.map(field => `\`${field}\``).join(', ')} | ${when} |`
