import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { manifestFiles } from './chart/manifests.ts'
import { type GeneratedFile, generatedFiles } from './generated-files.ts'

// Fails with the first differing lines where a committed file is not what its sources make of it.
let stale = 0
const manifests = await manifestFiles()
if (typeof manifests === 'string') console.log(`deploy/manifests was not compared: ${manifests}`)
for (const file of [...generatedFiles(), ...(typeof manifests === 'string' ? [] : manifests)]) {
  const problem = await problemOf(file)
  if (problem === undefined) continue
  stale += 1
  console.error(`${relative(process.cwd(), file.path)} is out of date: run \`npm run generate\`\n${problem}`)
}
process.exitCode = stale === 0 ? 0 : 1

async function problemOf({ path, text }: GeneratedFile): Promise<string | undefined> {
  const committed = await readFile(path, 'utf8').catch(() => '')
  return committed === text ? undefined : difference(committed.split('\n'), text.split('\n'))
}

/** The lines between the common beginning and the common end, at most 20 of each side. */
function difference(committed: readonly string[], wanted: readonly string[]): string {
  const from = committed.findIndex((line, at) => line !== wanted[at])
  const start = from === -1 ? committed.length : from
  const most = Math.min(committed.length, wanted.length) - start
  let same = 0
  while (same < most && committed.at(-1 - same) === wanted.at(-1 - same)) same += 1
  const lines = (side: readonly string[], mark: string) =>
    side
      .slice(start, side.length - same)
      .slice(0, 20)
      .map(line => `${mark} ${line}`)
  return [`@@ line ${start + 1} @@`, ...lines(committed, '-'), ...lines(wanted, '+')].join('\n')
}
