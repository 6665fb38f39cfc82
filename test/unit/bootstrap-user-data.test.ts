import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { globSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { assert, constantFrom, oneof, property, string } from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'

import { type MachineFile, renderCloudConfig } from '../../src/bootstrap/cloud-config.ts'
import { checkSize, renderUserData } from '../../src/bootstrap/user-data.ts'
import { CloudError } from '../../src/model/faults.ts'
import { aBoot } from '../support/boots.ts'

const run = promisify(execFile)
const folder = await mkdtemp(join(tmpdir(), 'bootstrap-'))
afterAll(async () => rm(folder, { recursive: true, force: true }))

const extras = {
  files: [{ path: '/srv/app/settings.toml', mode: '0640', content: 'greeting = "hi"' }],
  setup: ['true'],
}
const container = { kind: 'image', image: 'ghcr.io/dask/dask:2026.8.0-py3.13', ...extras } as const
const marks = { ca: 'THE AUTHORITY', cert: 'THE CERTIFICATE', key: 'THE KEY' }
const full = {
  certificates: marks,
  env: { GREETING: 'say "hi" to $USER', PIP_INDEX_URL: 'https://packages.example/simple' },
  group: { threads: 2, memory: '4GiB', resources: { GPU: 1 }, env: { GREETING: 'the group says it' } },
  software: { kind: 'python', pythonVersion: '3.12', packages: ['dask==2026.8.0', 'distributed==2026.8.0'] },
  limits: { deathTimeoutS: 300, idleTimeoutS: 86_400 },
} as const

interface Read {
  readonly write_files: readonly MachineFile[]
  readonly runcmd: readonly (readonly string[])[]
}
const readBack = (userData: string, version: '1.1' | '1.2' = '1.2'): Read =>
  parse(userData, { version }) as Read
const fileOf = (userData: string, path: string): string =>
  readBack(userData).write_files.find(file => file.path === path)?.content ?? 'no such file'

test('the text of a worker in a container is what it was', async () => {
  const boot = aBoot('worker', { ...full, software: container, group: { ...full.group, nanny: true } })
  await expect(renderUserData(boot)).toMatchFileSnapshot('golden/user-data-container.yaml')
})

test.each(['scheduler', 'worker'] as const)('the text of a %s is what it was', async role => {
  await expect(renderUserData(aBoot(role, full))).toMatchFileSnapshot(`golden/user-data-${role}.yaml`)
})

test.each([
  { given: 'ec2-worker', boot: aBoot('worker', { ...full, metadata: 'ec2' }) },
  { given: 'ec2-container', boot: aBoot('worker', { ...full, metadata: 'ec2', software: container }) },
  { given: 'gce-scheduler', boot: aBoot('scheduler', { ...full, metadata: 'gce' }) },
  { given: 'gce-worker', boot: aBoot('worker', { ...full, metadata: 'gce' }) },
  { given: 'azure-scheduler', boot: aBoot('scheduler', { ...full, metadata: 'azure' }) },
  { given: 'azure-worker', boot: aBoot('worker', { ...full, metadata: 'azure' }) },
  { given: 'digitalocean-worker', boot: aBoot('worker', { ...full, metadata: 'digitalocean' }) },
  { given: 'azure-container', boot: aBoot('worker', { ...full, metadata: 'azure', software: container }) },
  { given: 'gce-container', boot: aBoot('worker', { ...full, metadata: 'gce', software: container }) },
])('the text of a machine that is watched is what it was: $given', async ({ given, boot }) => {
  await expect(renderUserData(boot)).toMatchFileSnapshot(`golden/user-data-${given}.yaml`)
})

describe('the text', () => {
  test('has two keys, and two commands', () => {
    const read = readBack(renderUserData(aBoot('worker')))
    expect(Object.keys(read)).toEqual(['write_files', 'runcmd'])
    expect(read.runcmd).toEqual([
      ['systemctl', 'daemon-reload'],
      ['systemctl', 'enable', '--now', '--no-block', 'dask.service'],
    ])
  })

  test('where machines are watched, has the watcher and its data beside them', () => {
    const userData = renderUserData(aBoot('scheduler', { metadata: 'ec2', software: container }))
    const { write_files, runcmd } = readBack(userData)
    expect(runcmd.at(-1)?.slice(-2)).toEqual(['dask.service', 'dask-watch.service'])
    const paths = write_files.map(({ path }) => path)
    expect(paths).toEqual(expect.arrayContaining(['/etc/dask/watch.py', '/etc/dask/dask_watch.py']))
    const settings: unknown = JSON.parse(fileOf(userData, '/etc/dask/watch'))
    expect(settings).toMatchObject({
      role: 'scheduler',
      absenceS: 43_200,
      metadata: 'http://169.254.169.254',
    })
    expect(fileOf(userData, '/etc/dask/mounts')).toContain('/etc/dask/dask_watch.py\n')
  })

  test.each([{ software: full.software }, { software: container }])(
    'on Google’s machines has the name that Google says, and none of EC2’s addresses',
    ({ software }) => {
      const userData = renderUserData(aBoot('worker', { metadata: 'gce', software }))
      expect(userData).toContain('/etc/dask/name')
      expect(userData).not.toContain('/var/lib/cloud/data/instance-id')
      expect(userData).not.toContain('fd00:ec2')
    },
  )

  test('on Azure’s machines has the name that Azure says, and tasks are kept from the wire server, too', () => {
    const userData = renderUserData(aBoot('worker', { metadata: 'azure' }))
    expect(userData).toContain('azure.py name /etc/dask/watch')
    expect(userData).not.toContain('/var/lib/cloud/data/instance-id')
    expect(fileOf(userData, '/etc/dask/shut.sh').match(/daddr .* reject/g)).toEqual([
      'daddr 169.254.169.254 reject',
      'daddr 168.63.129.16 th dport != 53 reject',
    ])
  })

  test('on Google’s machines has a scheduler end as anywhere, and no name', () => {
    const unit = '/etc/systemd/system/dask.service'
    const there = fileOf(renderUserData(aBoot('scheduler', { metadata: 'gce' })), unit)
    expect(there).toBe(fileOf(renderUserData(aBoot('scheduler', { metadata: 'ec2' })), unit))
  })

  test('with real certificates leaves room in the smallest cloud for what users add', () => {
    const userData = renderUserData(aBoot('worker'))
    const smallest = { maxUserDataBytes: 16_384, compressesUserData: true }
    expect(gzipSync(userData).length).toBeLessThan(9_500)
    expect(gzipSync(renderUserData(aBoot('worker', { metadata: 'ec2' }))).length).toBeLessThan(12_300)
    expect(() => checkSize(userData, smallest)).not.toThrow()
    const env = { MUCH: randomBytes(10_000).toString('base64') }
    expect(() => checkSize(renderUserData(aBoot('worker', { env })), smallest)).toThrow(CloudError)
  })

  test('is the same for the same boot, whatever the order of its environment', () => {
    const [one, other] = [
      { A: '1', B: '2' },
      { B: '2', A: '1' },
    ].map(env => renderUserData(aBoot('worker', { env })))
    expect(one).toBe(other)
  })

  test('keeps the key from everybody but root', () => {
    const { write_files } = readBack(renderUserData(aBoot('worker', { certificates: marks })))
    const holders = write_files.filter(({ content }) => content.includes(marks.key))
    expect(holders).toMatchObject([{ path: '/etc/dask/node.key', permissions: '0600' }])
  })

  test('has a user’s words in data files alone, never in a program or a unit', () => {
    const word = '$(touch /tmp/x); `id` "\'\\ %n ${HOME}'
    const boot = aBoot('worker', {
      env: { WORD: word },
      group: { threads: 1, memory: word, resources: { [word]: 1 } },
      software: {
        kind: 'python',
        pythonVersion: word,
        packages: [word],
        files: [{ path: '/srv/a', mode: '0600', content: word }],
        setup: [word],
      },
    })
    const holders = readBack(renderUserData(boot)).write_files.filter(({ content }) =>
      content.includes('touch'),
    )
    expect(holders.map(({ path }) => path)).toEqual([
      '/etc/dask/env',
      '/etc/dask/python-version',
      '/etc/dask/requirements.txt',
      '/etc/dask/arguments',
      '/etc/dask/dask.yaml',
      '/srv/a',
      '/etc/dask/setup-01',
    ])
  })

  test('lets a user tune Dask and not open it', () => {
    const env = {
      DASK_DISTRIBUTED__WORKER__MEMORY__TARGET: '0.5',
      DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION: 'False',
      dask_distributed__comm__tls__ca_file: '/tmp/ca',
      DASK_Distributed__Comm: '{}',
      DASK_INTERNAL_INHERIT_CONFIG: 'x',
      DASK_CONFIG: '/tmp',
      DASK_MACHINE_HOST: '0.0.0.0',
      LD_PRELOAD: '/tmp/x.so',
      PYTHONPATH: '/tmp',
      PATH: '/tmp',
    }
    expect(fileOf(renderUserData(aBoot('worker', { env })), '/etc/dask/env')).toBe(
      'DASK_DISTRIBUTED__WORKER__MEMORY__TARGET="0.5"\n',
    )
  })

  test.each([
    ['a package with a line break', { software: { ...full.software, packages: ['dask\n-e /tmp'] } }],
    ['a name that is none', { env: { 'A B': '1' } }],
    ['a value with NUL', { env: { A: '\0' } }],
  ])('cannot carry %s, and says so', (_what, wrong) => {
    expect(() => renderUserData(aBoot('worker', wrong))).toThrow(TypeError)
  })
})

const awkward = constantFrom(...Array.from(' \t\n\r:#-"a|\u0085\u2028\ufeff'))

test.each(['1.1', '1.2'] as const)('every content is read back exactly by YAML %s', version => {
  const contents = oneof(string({ unit: 'binary' }), string({ unit: awkward }))
  const isKept = (content: string): void => {
    const text = renderCloudConfig([{ path: '/a', permissions: '0644', content }], [])
    expect(readBack(text, version).write_files[0]?.content).toBe(content)
  }
  assert(property(contents, isKept), { numRuns: 500 })
})

const has = async (command: string): Promise<boolean> =>
  run('sh', ['-c', `command -v ${command}`]).then(
    () => true,
    () => false,
  )

const boots = [
  { given: 'a scheduler', boot: aBoot('scheduler', { env: full.env }) },
  { given: 'a worker', boot: aBoot('worker', { software: { ...full.software, ...extras } }) },
  { given: 'a worker that is watched', boot: aBoot('worker', { metadata: 'ec2' }) },
  { given: 'a worker that is watched at Google', boot: aBoot('worker', { metadata: 'gce' }) },
  { given: 'a worker that is watched on Azure', boot: aBoot('worker', { metadata: 'azure' }) },
  { given: 'a worker in a container', boot: aBoot('worker', { software: container }) },
]

test.skipIf(!(await has('systemd-analyze'))).each(boots)(
  'systemd-analyze finds no fault with the unit of $given',
  async ({ boot }) => {
    const root = await mkdtemp(join(folder, 'root-'))
    for (const { path, permissions, content } of readBack(renderUserData(boot)).write_files) {
      await mkdir(dirname(join(root, path)), { recursive: true })
      await writeFile(join(root, path), content, { mode: Number.parseInt(permissions, 8) })
    }
    const units = globSync(join(root, 'etc/systemd/system/*.service'))
    await mkdir(join(root, 'usr/bin'), { recursive: true })
    await writeFile(join(root, 'usr/bin/env'), '', { mode: 0o755 })
    for (const target of ['network-online', 'multi-user', 'sysinit', 'basic', 'shutdown'])
      await writeFile(join(root, `etc/systemd/system/${target}.target`), '[Unit]\nDescription=x\n')
    const args = ['verify', '--man=no', '--recursive-errors=no', `--root=${root}`, ...units]
    const { stderr } = await run('systemd-analyze', args)
    expect(stderr).toBe('')
  },
)

test.skipIf(!(await has('cloud-init'))).each(boots)(
  'cloud-init finds no fault with the text of $given',
  async ({ given, boot }) => {
    const path = join(folder, `${given.replaceAll(' ', '-')}.yaml`)
    await writeFile(path, renderUserData(boot))
    const { stdout } = await run('cloud-init', ['schema', '-c', path])
    expect(stdout).toContain('Valid')
  },
)
