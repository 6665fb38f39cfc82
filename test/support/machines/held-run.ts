import { join } from 'node:path'
import { Interrupt } from '../../../scripts/interrupt.ts'
import { runInside } from './namespaces.ts'
import { ownRun } from './run-name.ts'

/** The outer process of a run that holds a room with one machine: it tells its name, and then what there is of it. */
const interrupt = new Interrupt(() => undefined)
process.stdout.write(`${ownRun()}\n`)
await runInside([process.execPath, join(import.meta.dirname, 'held-room.ts')], {
  signal: interrupt.signal,
  variables: {},
  heard: text => process.stdout.write(text),
})
process.exit(interrupt.exitCode ?? 0)
