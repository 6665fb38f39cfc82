import { expect, test } from 'vitest'
import { gceDatasource } from '../support/machines/gce-datasource.ts'
import { daskPid } from '../support/machines/machine-sight.ts'
import { machineStory, type Stage } from '../support/machines/machine-story.ts'
import { gateway } from '../support/machines/network.ts'

const id = (index: number): string => `dask-0123456789abcdef-0-${String(index).padStart(4, '0')}`

/** Asks the metadata service's address for a name, as an account. */
const naming = `
import os, socket, sys
os.setuid(int(sys.argv[1]))
asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asking.settimeout(5)
question = bytes([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 4]) + b"pypi" + bytes([8]) + b"internal" + bytes([0, 0, 1, 0, 1])
asking.sendto(question, ("169.254.169.254", 53))
print(socket.inet_ntoa(asking.recv(512)[-4:]))
`

function inTheMiddle(stage: () => Stage): void {
  test('tasks are told names at the address that the metadata service has', async () => {
    const machine = stage().room.machine(id(2))
    const account = (await machine.run('stat', '-c', '%u', `/proc/${await daskPid(machine)}`)).trim()
    expect(Number(account)).toBeGreaterThan(60_000)
    expect((await machine.run('python3', '-c', naming, account)).trim()).toBe(gateway)
  })
}

machineStory(
  {
    source: gceDatasource(),
    metadata: 'gce',
    id,
    size: 'e2-standard-4',
    zone: 'us-central1-a',
    encode: text => Buffer.from(text),
    asked: { path: '/computeMetadata/v1/instance/attributes/user-data', refusal: '403' },
    // The machine is told to shut down in the same moment, and has half a minute.
    taken: {
      async back(room, taken) {
        room.notify(taken, 'instance/preempted', 'TRUE')
        await room.machine(taken).run('systemctl', 'poweroff')
      },
      lastWords: ['dask-watch: the cloud takes this machine back: interruption'],
    },
  },
  inTheMiddle,
)
