import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'

import { unlessMissing } from './faults.ts'

/** A machine keeps this much of what its programs say, and as much again of what they said before. */
const limitBytes = 5 * 1024 * 1024

/** What the programs of a machine say. Written at once, so that a machine that is killed has its last words here. */
export class Journal implements Disposable {
  readonly #path: string
  readonly #limit: number
  #file: number
  #size: number

  constructor(path: string, limit = limitBytes) {
    this.#path = path
    this.#limit = limit
    this.#file = openSync(path, 'a', 0o600)
    this.#size = fstatSync(this.#file).size
  }

  write(text: Buffer): void {
    if (this.#size + text.length > this.#limit) this.#turn()
    this.#size += writeSync(this.#file, text)
  }

  /** A line of the machine itself, in systemd's place. */
  note(line: string): void {
    this.write(Buffer.from(`${new Date().toISOString()} machine: ${line}\n`))
  }

  [Symbol.dispose](): void {
    closeSync(this.#file)
  }

  #turn(): void {
    closeSync(this.#file)
    renameSync(this.#path, `${this.#path}.1`)
    this.#file = openSync(this.#path, 'a', 0o600)
    this.#size = 0
  }
}

/** The last `bytes` of a journal, or what there is. */
export async function tailOf(path: string, bytes: number): Promise<string> {
  const file = await unlessMissing(open(path))
  if (file === undefined) return ''
  try {
    const { size } = await file.stat()
    const start = Math.max(0, size - bytes)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}
