import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'

import type { Boot } from '../../src/bootstrap/boot.ts'
import type { MachineFile } from '../../src/bootstrap/cloud-config.ts'
import { renderUserData } from '../../src/bootstrap/user-data.ts'
import { aBoot } from '../support/boots.ts'

/** Stands for an engine that has the images in $LOG.images; what it is asked goes to $LOG, an argument a line. */
const engine = `#!/bin/sh
case "$1 $2" in
  'image inspect') exec grep -qx "$3" "$LOG.images" ;;
  'pull '*) [ ! -e "$LOG.offline" ] || { echo "no such host" >&2; exit 1; }; echo "$2" >>"$LOG.images" ;;
esac
printf '%s\\n' "$@" >>"$LOG"
`
const image = 'ghcr.io/dask/dask:2026.8.0-py3.13'
const account = 58_786

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'container-'))
})
afterEach(async () => rm(root, { recursive: true, force: true }))

async function place(path: string, content: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), content, { mode })
}

async function aMachine(changes: Partial<Boot> = {}): Promise<void> {
  const files = [{ path: '/srv/a.toml', mode: '0644', content: 'a' }]
  const boot = aBoot('worker', { software: { kind: 'image', image, files }, ...changes })
  const { write_files } = parse(renderUserData(boot)) as { write_files: MachineFile[] }
  for (const { path, permissions, content } of write_files)
    await place(path, content, Number.parseInt(permissions, 8))
  for (const name of ['ca.pem', 'node.pem', 'node.key']) await place(`/credentials/${name}`, `the ${name}`)
  await place('/var/lib/cloud/data/instance-id', 'i-0123\n')
  await mkdir(join(root, 'var/lib/dask'))
  await place('/bin/docker', engine, 0o755)
  await place('/log.images', '')
}

interface Answer {
  readonly status: number
  readonly said: string
}

function run(program: string, ...args: string[]): Promise<Answer> {
  const env = {
    PATH: `${join(root, 'bin')}:/usr/bin:/bin`,
    LOG: join(root, 'log'),
    CREDENTIALS_DIRECTORY: join(root, 'credentials'),
  }
  return new Promise(resolve => {
    execFile(join(root, 'etc/dask', program), args, { env }, (error, _stdout, said) =>
      resolve({ status: error === null ? 0 : Number(error.code), said }),
    )
  })
}

const asked = async (): Promise<readonly string[]> => (await readFile(join(root, 'log'), 'utf8')).split('\n')

async function filesOfTls(): Promise<string> {
  await run('container.sh')
  return (await asked()).filter(each => each.includes('COMM__TLS__')).join('\n')
}

describe('the image', () => {
  test('is pulled once, and not asked of the registry again', async () => {
    await aMachine()
    expect(await run('pull.sh')).toMatchObject({
      status: 0,
      said: expect.stringContaining('pulling ghcr.io'),
    })
    await place('/log.offline', '')
    expect(await run('pull.sh')).toMatchObject({ status: 0 })
    expect((await asked()).filter(each => each === 'pull')).toHaveLength(1)
  })

  test('that cannot be pulled is an error that names it, and is tried again by the unit', async () => {
    await aMachine()
    await place('/log.offline', '')
    const { status, said } = await run('pull.sh')
    expect(status).toBe(1)
    expect(said).toContain(`no such host\ninstall: ${image} cannot be pulled`)
  })
})

// The keys are given to an account that is not root's.
describe.skipIf(process.getuid?.() !== 0)('the container (needs root)', () => {
  test('is one of its name, on the network of the machine, without rights and not root', async () => {
    await aMachine()
    expect(await run('container.sh')).toEqual({ status: 0, said: '' })
    const args = await asked()
    expect(args.slice(0, 5)).toEqual(['rm', '--force', 'dask', 'run', '--rm'])
    const line = args.join(' ')
    for (const part of [
      '--name dask',
      '--network host',
      '--cap-drop ALL',
      '--security-opt no-new-privileges',
    ])
      expect(line).toContain(part)
    expect(line).toContain(`--user ${account}:${account}`)
    expect(line).not.toContain('--privileged')
  })

  test('has the keys, the settings and the user’s files to read, and one folder to write', async () => {
    await aMachine()
    await run('container.sh')
    const mounts = (await asked()).filter(each => each.startsWith('type=bind'))
    const targets = mounts.map(each => each.replace(/^.*target=/, '')).toSorted()
    expect(targets).toEqual([
      '/etc/dask/dask.yaml,readonly',
      '/etc/dask/dask_machine.py,readonly',
      '/etc/dask/dask_tls.py,readonly',
      '/run/dask/keys,readonly',
      '/srv/a.toml,readonly',
      '/var/lib/dask',
    ])
    const key = await stat(join(root, 'run/dask/keys/node.key'))
    expect({ mode: key.mode & 0o777, owner: key.uid }).toEqual({ mode: 0o400, owner: account })
  })

  test('gets variables by name, so that no value is on a command line, and ours after them', async () => {
    await aMachine({ env: { TOKEN: 'a secret "$x"', B: '' } })
    await run('container.sh')
    const args = await asked()
    const variables = args.filter((_, at) => args[at - 1] === '--env')
    expect(variables.slice(0, 2).toSorted()).toEqual(['B', 'TOKEN'])
    expect(variables).toContain('DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION=True')
    expect(args.join(' ')).not.toContain('a secret')
    expect(variables.indexOf('DASK_CONFIG=/etc/dask')).toBeGreaterThan(1)
  })

  test('runs what a machine without one runs', async () => {
    await aMachine({ group: { threads: 2, memory: '4GiB', resources: {}, nanny: true } })
    await run('container.sh')
    const args = await asked()
    const command = args.slice(args.indexOf(image))
    expect(command.slice(0, 2)).toEqual([image, '-c'])
    expect(command.join(' ')).toContain(
      'dask -m distributed.cli.dask_worker tls://10.0.0.7:8786 --nanny --nanny-port=9001 --nthreads=2 --memory-limit=4GiB',
    )
    expect(command.join(' ')).toMatch(/--name w-i-0123 --local-directory \/var\/lib\/dask .*--preload \S+ $/)
  })

  test('of a scheduler that shows its pages sees their guard, and loads it', async () => {
    await aMachine({ role: 'scheduler', exposesDashboard: true })
    expect(await run('container.sh')).toMatchObject({ status: 0 })
    const line = (await asked()).join(' ')
    expect(line).toContain('target=/etc/dask/dask_dashboard.py,readonly')
    expect(line).toContain('--dashboard-address=0.0.0.0:8787 --preload /etc/dask/dask_dashboard.py')
  })

  test('begins with certificates that came while it ran, and not with those of a machine it was copied from', async () => {
    await aMachine()
    const came = '/var/lib/dask/tls/current'
    await place(`${came}/node.pem`, 'copied')
    await utimes(join(root, came, 'node.pem'), 1, 1)
    expect(await filesOfTls()).not.toContain(came)
    await rm(join(root, 'log'))
    await utimes(join(root, '/etc/dask/node.pem'), 2, 2)
    await utimes(join(root, came, 'node.pem'), 3, 3)
    const after = await filesOfTls()
    for (const name of ['ca.pem', 'node.pem', 'node.key']) expect(after).toContain(`=${came}/${name}`)
    expect(after).not.toContain('/run/dask/keys')
  })

  test('on a machine of Google’s has the name that was noted', async () => {
    await aMachine({ metadata: 'gce' })
    await place('/etc/dask/name', 'dask-0123456789abcdef-0-0001\n')
    expect(await run('container.sh')).toMatchObject({ status: 0 })
    expect((await asked()).join(' ')).toContain('--name w-dask-0123456789abcdef-0-0001 --local-directory')
  })

  test('is taken away when the unit ends', async () => {
    await aMachine()
    expect(await run('container.sh', 'remove')).toMatchObject({ status: 0 })
    expect(await asked()).toEqual(['rm', '--force', 'dask', ''])
  })
})

const device = async (): Promise<void> => {
  await place('/sys/bus/pci/devices/0000:00:1e.0/vendor', '0x10de\n')
  await place('/sys/bus/pci/devices/0000:00:1e.0/class', '0x030200\n')
}

describe('a GPU of NVIDIA', () => {
  test('without a driver is said, and what to do about it', async () => {
    await aMachine()
    await device()
    expect(await run('gpu.sh')).toMatchObject({
      status: 1,
      said: expect.stringContaining('no driver for it: use an'),
    })
  })

  test('with a driver, and a machine without a GPU, go on', async () => {
    await aMachine()
    expect(await run('gpu.sh')).toEqual({ status: 0, said: '' })
    await device()
    await place('/proc/driver/nvidia/version', '')
    expect(await run('gpu.sh')).toEqual({ status: 0, said: '' })
  })
})
