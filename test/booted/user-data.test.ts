import { expect, test } from 'vitest'
import { compressed } from '../../src/lib/compression.ts'
import { poll } from '../../src/lib/wait.ts'
import { ec2Datasource } from '../support/machines/ec2-datasource.ts'
import { daskPid } from '../support/machines/machine-sight.ts'
import { machineStory, type Stage } from '../support/machines/machine-story.ts'

const id = (index: number): string => `i-${String(index).padStart(17, '0')}`
const [scheduler, first, second] = [id(1), id(2), id(3)]

/** What a console says once it tells that Dask's software is there. */
async function installed({ room }: Stage): Promise<string | undefined> {
  const said = await room.console(first)
  return said.includes('dask-boot: install: done') ? said : undefined
}

/** What is the same in every cloud is looked at in one. */
function inTheMiddle(stage: () => Stage): void {
  test('the console says how Dask came up', async () => {
    const said = await poll(() => installed(stage()), 100, { signal: AbortSignal.timeout(20_000) })
    expect(said).toContain('dask-boot: install: making the environment')
  })

  test('keys are for root alone, and neither in the environment nor on the command line of Dask', async () => {
    const machine = stage().room.machine(scheduler)
    expect((await machine.run('stat', '-c', '%a %U', '/etc/dask/node.key')).trim()).toBe('600 root')
    const pid = await daskPid(machine)
    const shown = await machine.run('cat', `/proc/${pid}/environ`, `/proc/${pid}/cmdline`)
    expect(shown).toContain('distributed.cli.dask_scheduler')
    expect(shown).not.toContain('PRIVATE KEY')
    expect((await machine.run('stat', '-c', '%U', `/proc/${pid}`)).trim()).not.toBe('root')
  })

  test.each([scheduler, first])(
    'nobody but root writes what Dask is run by, and there is one key: %s',
    async each => {
      const machine = stage().room.machine(each)
      const found = await machine.run('find', '/etc/dask', '-type', 'f', '-printf', '%m %u:%g %f\n')
      const files = found.trim().split('\n')
      expect(files.length).toBeGreaterThan(10)
      expect(files.filter(file => !/^(644|755) root:root /.test(file))).toEqual(['600 root:root node.key'])
      const given = await machine.run('ls', '/run/credentials/dask.service')
      expect(given.trim().split('\n').toSorted()).toEqual(['ca.pem', 'node.key', 'node.pem'])
    },
  )

  test('a scheduler whose process is killed comes back by itself, and its workers with it', async () => {
    const { room, schedulerId, workers } = stage()
    const before = schedulerId()
    await room.machine(scheduler).run('systemctl', 'kill', '--signal=SIGKILL', 'dask.service')
    const another = () => (schedulerId() === undefined || schedulerId() === before ? undefined : true)
    await poll(another, 100, { signal: AbortSignal.timeout(60_000) })
    expect(await workers(2)).toHaveLength(2)
  })

  test('files are there, and commands run as root, in order, until each has succeeded once', async () => {
    const machine = stage().room.machine(second)
    expect(await machine.run('cat', '/root/who')).toBe('root\nsay "hi" to $USER')
    expect((await machine.run('stat', '-c', '%a %U', '/srv/app/greeting')).trim()).toBe('640 root')
    expect(await machine.run('journalctl', '--no-pager', '-u', 'dask')).toContain(
      'software.setup[0] is tried again',
    )
  })
}

machineStory(
  {
    source: ec2Datasource(),
    metadata: 'ec2',
    id,
    size: 'm7i.large',
    zone: 'us-east-1a',
    encode: compressed,
    asked: { path: '/latest/user-data', refusal: '401' },
    taken: {
      async back(room, taken) {
        room.notify(taken, 'spot/instance-action', '{"action": "terminate", "time": "2026-09-18T08:22:00Z"}')
      },
      lastWords: [
        'dask-watch: the cloud takes this machine back: interruption',
        'dask-watch: powering off: its worker has left',
      ],
    },
  },
  inTheMiddle,
)
