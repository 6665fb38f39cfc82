import { randomBytes } from 'node:crypto'
import { link, open, readFile, rename, rm } from 'node:fs/promises'

import { codeOf, unlessMissing } from './faults.ts'

/** Writes a file so that a reader, or a crash, finds all of it or what was there before. */
export async function writeWhole(path: string, text: string, mode = 0o600): Promise<void> {
  await withDraft(path, { text, mode }, draft => rename(draft, path))
}

/** The same, for a name that only one may have: false where somebody has it already. */
export async function writeFirst(path: string, text: string): Promise<boolean> {
  try {
    await withDraft(path, { text, mode: 0o600 }, draft => link(draft, path))
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** Undefined where there is no such file, or where it is not what it must be: then it is not ours. */
export async function readJson<T>(path: string, parse: (raw: unknown) => T): Promise<T | undefined> {
  const text = await unlessMissing(readFile(path, 'utf8'))
  if (text === undefined) return undefined
  try {
    return parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

async function withDraft(
  path: string,
  { text, mode }: { readonly text: string; readonly mode: number },
  place: (draft: string) => Promise<void>,
): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.draft`
  try {
    {
      await using file = await open(draft, 'wx', mode)
      await file.writeFile(text)
      await file.sync()
    }
    await place(draft)
  } finally {
    await rm(draft, { force: true })
  }
}
