import { readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { markOf } from './remains.ts'

/** For the processes of the run itself to notice that it is over, and to start nothing more. */
const quietMs = 2_000
/** Who has not ended by then cannot be ended. */
const lastMs = 30_000
const lookMs = 100

/** Waits for the end of the run that is the only one to hold the other end of its standard input, and then cleans up after it. */
const mark = markOf(process.argv[2] ?? '')
for await (const _ of process.stdin);
const over = performance.now()
for (let ms = 0; ms < lastMs && (endAll() > 0 || ms < quietMs); ms = performance.now() - over)
  await delay(lookMs)
const left = names(tmpdir()).filter(name => name.includes(mark))
await Promise.all(left.map(name => rm(join(tmpdir(), name), { recursive: true, force: true })))

/** Kills what belongs to the run, and returns how many there were. */
function endAll(): number {
  const pids = names('/proc').filter(name => /^\d+$/.test(name) && isOfRun(name))
  for (const pid of pids) kill(Number(pid))
  return pids.length
}

function isOfRun(pid: string): boolean {
  return ['cmdline', 'environ'].some(file => read(`/proc/${pid}/${file}`).includes(mark))
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
