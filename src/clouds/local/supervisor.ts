import { flushCompileCache } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import process from 'node:process'

import type { Call } from '../../lib/call.ts'
import { every, poll, wait } from '../../lib/wait.ts'
import { writeFirst, writeWhole } from './files.ts'
import { type BootRecord, bury, exists, machinePaths, machinesIn, readBoot, readTags } from './folders.ts'
import { Journal } from './journal.ts'
import { Loopback } from './loopback.ts'
import { kill, type ProcessMark, processesOf, processOf } from './processes.ts'
import { Root } from './root.ts'
import { keepService, type Place } from './service.ts'
import type { Tags } from './tags.ts'
import { parseUnit } from './unit-text.ts'

const lookMs = 1_000
/** Workers end within five seconds of being told to. */
const workersMs = 8_000

/**
 * One machine of the local cloud: a process of its own that outlives the operator. It boots the machine's text, keeps
 * its services running, and takes its folder away when it ends. `supervisor.ts FOLDER`.
 */
class Supervisor {
  readonly #home: string
  readonly #tags: Tags
  readonly #boot: BootRecord
  readonly #mark: ProcessMark
  readonly #stop = new AbortController()
  readonly #programs: ProcessMark[] = []

  constructor(home: string, { tags, boot }: MachineRecord, mark: ProcessMark) {
    this.#home = home
    this.#tags = tags
    this.#boot = boot
    this.#mark = mark
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.#stop.abort())
  }

  async live(): Promise<void> {
    const { supervisor, journal: path } = machinePaths(this.#home)
    // Started twice, the machine still has one supervisor, and a machine that has had one never gets another.
    if (!(await writeFirst(supervisor, JSON.stringify(this.#mark)))) return
    using open = new DisposableStack()
    open.use(every(lookMs, () => void this.#look()))
    const journal = open.use(new Journal(path))
    await this.#look()
    const call = { signal: this.#stop.signal }
    const services = new AbortController()
    const lives = this.#run(journal, { signal: services.signal })
    flushCompileCache()
    await untilStopped(call.signal)
    if (this.#tags.role === 'scheduler') await this.#outstayWorkers()
    services.abort()
    await lives
    await this.#sweep()
    const loopback = new Loopback(this.#boot.claims)
    if (await exists(machinePaths(this.#home).tags)) await bury(this.#home, this.#tags, loopback)
    else await loopback.release(this.#tags.endpoint, this.#home)
  }

  /** A machine ends when it is told to, and when its folder is taken away. */
  async #look(): Promise<void> {
    const { leaving, tags } = machinePaths(this.#home)
    if ((await exists(leaving)) || !(await exists(tags))) this.#stop.abort()
  }

  /** Returns when no service of it is kept running any more. What goes wrong is said in the journal. */
  async #run(journal: Journal, call: Call): Promise<void> {
    if (this.#stop.signal.aborted) return
    try {
      const root = new Root(this.#home)
      await root.make(this.#boot, this.#tags)
      const place: Place = {
        home: this.#home,
        root,
        journal,
        started: pid => this.#note(pid),
        active: () => writeWhole(machinePaths(this.#home).running, ''),
        sweep: () => this.#sweep(),
      }
      await Promise.all(unitsOf(this.#boot).map(({ name, unit }) => keepService(name, unit, place, call)))
      journal.note('nothing runs here any more')
    } catch (error) {
      journal.note(`cannot boot: ${error instanceof Error ? error.message : 'for no known reason'}`)
    }
  }

  async #note(pid: number): Promise<void> {
    const found = await processOf(pid)
    if (found === undefined) return
    this.#programs.push({ pid: found.pid, startedAt: found.startedAt })
    await writeWhole(machinePaths(this.#home).processes, JSON.stringify(this.#programs.slice(-8)))
  }

  async #sweep(): Promise<void> {
    const left = await processesOf({ folder: this.#home, supervisor: this.#mark, known: [] })
    await kill(left.filter(({ pid }) => pid !== process.pid))
  }

  /** Dask's workers can hang for ever when their scheduler stops while they do: those that leave with it go first. */
  async #outstayWorkers(): Promise<void> {
    const machines = dirname(this.#home)
    const remaining = async (): Promise<true | undefined> => {
      for (const id of await machinesIn(machines)) {
        const home = join(machines, id)
        const tags = id === basename(this.#home) ? undefined : await readTags(home)
        const isWorker = tags?.owner === this.#tags.owner && tags.role === 'worker'
        if (isWorker && (await exists(machinePaths(home).leaving))) return undefined
      }
      return true
    }
    await poll(remaining, 50, { signal: AbortSignal.timeout(workersMs) }).catch(() => undefined)
  }
}

interface MachineRecord {
  readonly tags: Tags
  readonly boot: BootRecord
}

function unitsOf({ files, units }: BootRecord) {
  return units.map(name => {
    const path = `/etc/systemd/system/${name}`
    return { name, unit: parseUnit(files.find(file => file.path === path)?.content ?? '', path) }
  })
}

/** Unlike a listener alone, this keeps the process alive. */
async function untilStopped(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await wait(2_147_483_647, { signal }).catch(() => undefined)
}

async function main(folder: string | undefined): Promise<void> {
  if (folder === undefined) throw new Error('supervisor.ts FOLDER')
  const home = resolve(folder)
  const [tags, boot] = [await readTags(home), await readBoot(home)]
  const own = await processOf(process.pid)
  if (tags === undefined || boot === undefined || own === undefined) throw new Error(`${home} is no machine`)
  await new Supervisor(home, { tags, boot }, { pid: own.pid, startedAt: own.startedAt }).live()
}

try {
  await main(process.argv[2])
  // A program that was told to end may still hold a pipe open.
  process.exit(0)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : 'failed'}\n`)
  process.exit(1)
}
