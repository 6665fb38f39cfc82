import type { Call } from '../../../src/lib/call.ts'
import { poll, wait } from '../../../src/lib/wait.ts'
import { ec2Datasource } from './ec2-datasource.ts'
import { MachineRoom } from './room.ts'
import { readMachines } from './suite.ts'

/** A room with one machine that is on, until somebody ends it: what a run is that is killed in the middle. */
const holdMs = 120_000
const onMs = 30_000

const given = readMachines(process.env)
if (given.kind === 'none') throw new Error(given.reason)
const room = await MachineRoom.open(given.ground, ec2Datasource())
const machine = await room.start({
  id: 'i-00000000000000001',
  ...MachineRoom.place(1),
  size: 'm7i.large',
  zone: 'us-east-1a',
  userData: Buffer.from('#cloud-config\n{}\n'),
})
// Its first process is another one for a moment.
const isOn = () =>
  machine.run('true').then(
    () => true as const,
    () => undefined,
  )
await poll(isOn, 50, { signal: AbortSignal.timeout(onMs) })
process.stdout.write(`${JSON.stringify(room.traces())}\n`)
const call: Call = { signal: AbortSignal.timeout(holdMs) }
await wait(holdMs, call)
