import { writeFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { generatedFiles } from './generated-files.ts'

// Writes every file that is made from the sources; `verify.ts` tells whether one of them is out of date.
for (const { path, text } of generatedFiles()) {
  await writeFile(path, text)
  console.log(relative(process.cwd(), path))
}
