import { writeFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { manifestFiles } from './chart/manifests.ts'
import { type GeneratedFile, generatedFiles } from './generated-files.ts'

// Writes every file that is made from the sources; `verify.ts` tells whether one of them is out of date.
await write(generatedFiles())
// Helm reads what was written just now.
const manifests = await manifestFiles()
if (typeof manifests === 'string') console.log(`deploy/manifests was not rendered: ${manifests}`)
else await write(manifests)

async function write(files: readonly GeneratedFile[]): Promise<void> {
  for (const { path, text } of files) {
    await writeFile(path, text)
    console.log(relative(process.cwd(), path))
  }
}
