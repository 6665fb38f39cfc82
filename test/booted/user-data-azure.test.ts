import { expect, test } from 'vitest'
import { azureDatasource } from '../support/machines/azure-datasource.ts'
import { daskPid } from '../support/machines/machine-sight.ts'
import { machineStory, type Stage } from '../support/machines/machine-story.ts'

const id = (index: number): string => `dask-0123456789abcdef-0-${String(index).padStart(4, '0')}`

/** Asks the wire server for the machine's goal, as an account. */
const goal = `
import os, sys, urllib.request
os.setuid(int(sys.argv[1]))
try:
    urllib.request.urlopen("http://168.63.129.16/machine?comp=goalstate", timeout=5)
    print("answered")
except OSError as error:
    print("refused", error)
`

function inTheMiddle(stage: () => Stage): void {
  test('tasks cannot ask the wire server, and root can', async () => {
    const machine = stage().room.machine(id(2))
    const account = (await machine.run('stat', '-c', '%u', `/proc/${await daskPid(machine)}`)).trim()
    expect(Number(account)).toBeGreaterThan(60_000)
    expect(await machine.run('python3', '-c', goal, account)).toMatch(/^refused/)
    expect(await machine.run('python3', '-c', goal, '0')).toMatch(/^answered/)
  })

  test('the user data on the machine’s drive is for root alone', async () => {
    const machine = stage().room.machine(id(2))
    expect((await machine.run('stat', '-c', '%a %U', '/var/lib/waagent/ovf-env.xml')).trim()).toBe('600 root')
  })
}

machineStory(
  {
    source: azureDatasource(),
    metadata: 'azure',
    id,
    size: 'Standard_D4s_v5',
    zone: '1',
    encode: text => Buffer.from(text),
    asked: { path: '/metadata/instance?api-version=2021-02-01', refusal: '400' },
    taken: {
      async back(room, taken) {
        room.notify(taken, 'event-1', 'Preempt')
      },
      lastWords: [
        'dask-watch: the cloud takes this machine back: interruption',
        'dask-watch: powering off: its worker has left',
      ],
    },
  },
  inTheMiddle,
)
