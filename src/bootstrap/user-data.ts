import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { compressed } from '../lib/compression.ts'

import type { Software } from '../model/cluster.ts'
import { CloudError } from '../model/faults.ts'
import type { Boot, MetadataService } from './boot.ts'
import { type MachineFile, renderCloudConfig } from './cloud-config.ts'
import { showsDashboard, withPages } from './dashboard.ts'
import { daskArguments, daskConfiguration } from './dask-arguments.ts'
import { renderEnvironment } from './environment.ts'
import { services, usualWorker } from './services.ts'
import { renderUnit } from './unit.ts'
import { watchSettings, watchUnit } from './watch.ts'

/** The programs of every machine: the same text for all, so that no value of a user is ever part of one. */
const programs: Readonly<Record<Software['kind'], readonly MachineFile[]>> = {
  python: ['gpu.sh', 'install.sh', 'check.py', 'fetch_uv.py', 'run.sh', 'dask_machine.py', 'dask_tls.py'].map(
    programNamed,
  ),
  image: ['gpu.sh', 'pull.sh', 'container.sh', 'dask_machine.py', 'dask_tls.py'].map(programNamed),
}
const setupProgram = programNamed('setup.sh')
const shutProgram = programNamed('shut.sh')
const dashboardProgram = programNamed('dask_dashboard.py')
const watchers = ['watch.py', 'dask_watch.py'].map(programNamed)
const ownPrograms = {
  ec2: services.ec2.programs.map(programNamed),
  gce: services.gce.programs.map(programNamed),
  azure: services.azure.programs.map(programNamed),
  digitalocean: services.digitalocean.programs.map(programNamed),
} as const satisfies Readonly<Record<MetadataService, readonly MachineFile[]>>

const commands = (units: readonly string[]) => [
  ['systemctl', 'daemon-reload'],
  // Waiting for the unit within the boot that it waits for would be a deadlock.
  ['systemctl', 'enable', '--now', '--no-block', ...units],
]

/**
 * `#cloud-config` for the machines of one launch, in every cloud: equal boots give equal bytes. Throws a TypeError on
 * a value that cannot be carried, such as a package with a line break.
 */
export function renderUserData(boot: Boot): string {
  const { software, certificates, role } = boot
  const env = { ...boot.env, ...boot.group.env }
  const files: readonly MachineFile[] = [
    ...keyFiles(certificates),
    read('/etc/dask/env', renderEnvironment(env)),
    ...sourceFiles(boot),
    read('/etc/dask/arguments', lines(daskArguments(boot))),
    read('/etc/dask/dask.yaml', daskConfiguration(boot)),
    ...inItsWay(programs[software.kind], boot),
    ...(showsDashboard(boot) ? [dashboardProgram] : []),
    ...extraFiles(software),
    read(
      '/etc/systemd/system/dask.service',
      renderUnit(role, software, {
        isWatched: isWatched(boot),
        isShut: isShut(boot),
        isPlain: certificates === 'none',
        worker: boot.metadata === undefined ? usualWorker : services[boot.metadata].worker,
      }),
    ),
    ...watchFiles(boot),
  ]
  const units = ['dask.service', ...(isWatched(boot) ? ['dask-watch.service'] : [])]
  return renderCloudConfig(files, commands(units))
}

/** Without them the machine's programs speak plain TCP. */
function keyFiles(certificates: Boot['certificates']): readonly MachineFile[] {
  if (certificates === 'none') return []
  return [
    read('/etc/dask/ca.pem', pem(certificates.ca)),
    read('/etc/dask/node.pem', pem(certificates.cert)),
    { path: '/etc/dask/node.key', permissions: '0600', content: pem(certificates.key) },
  ]
}

/** The same programs, each as this kind of metadata service wants it. */
function inItsWay(files: readonly MachineFile[], { metadata }: Boot): readonly MachineFile[] {
  const exchanges = metadata === undefined ? {} : services[metadata].exchanges
  return files.map(file => ({
    ...file,
    content: (exchanges[basename(file.path)] ?? []).reduce(exchanged, file.content),
  }))
}

function exchanged(text: string, [there, instead]: readonly [string, string]): string {
  if (!text.includes(there)) throw new TypeError(`a program of machines has no ${there}`)
  return text.replaceAll(there, instead)
}

const isWatched = ({ metadata }: Boot): boolean => metadata !== undefined

const isShut = (boot: Boot): boolean => isWatched(boot) && boot.opensMetadata !== true

function watchFiles(boot: Boot): readonly MachineFile[] {
  if (boot.metadata === undefined) return []
  return [
    ...watchers,
    ...ownPrograms[boot.metadata],
    ...(isShut(boot) ? inItsWay([shutProgram], boot) : []),
    read('/etc/dask/watch', watchSettings(boot, boot.metadata)),
    read('/etc/systemd/system/dask-watch.service', watchUnit(boot.metadata)),
  ]
}

/** What the programs of that kind of software read. */
function sourceFiles(boot: Boot): readonly MachineFile[] {
  const { software } = boot
  if (software.kind === 'python')
    return [
      read('/etc/dask/python-version', lines([software.pythonVersion ?? 'any'])),
      read(
        '/etc/dask/requirements.txt',
        lines(showsDashboard(boot) ? withPages(software.packages) : software.packages),
      ),
    ]
  const seen = [
    '/etc/dask/dask.yaml',
    '/etc/dask/dask_machine.py',
    ...(showsDashboard(boot) ? [dashboardProgram.path] : []),
    '/etc/dask/dask_tls.py',
    ...(isWatched(boot) ? ['/etc/dask/watch', '/etc/dask/dask_watch.py'] : []),
    ...(software.files ?? []).map(each => each.path),
  ]
  return [read('/etc/dask/image', lines([software.image])), read('/etc/dask/mounts', lines(seen))]
}

/** The user's own files, and the user's commands, a file each, with what runs them. */
function extraFiles({ files = [], setup = [] }: Software): readonly MachineFile[] {
  const scripts = setup.map((content, at) => ({
    path: `/etc/dask/setup-${String(at + 1).padStart(2, '0')}`,
    permissions: '0600',
    content: `${content}\n`,
  }))
  return [
    ...files.map(({ path, mode, content }) => ({ path, permissions: mode, content })),
    ...(scripts.length === 0 ? [] : [setupProgram, ...scripts]),
  ]
}

/** Throws a CloudError `invalid` where a cloud would not take so much. `maxUserDataBytes` counts before any encoding. */
export function checkSize(
  userData: string,
  {
    maxUserDataBytes: maxBytes,
    compressesUserData,
  }: {
    readonly maxUserDataBytes: number
    readonly compressesUserData?: boolean
  },
): void {
  const bytes = compressesUserData === true ? compressed(userData).byteLength : Buffer.byteLength(userData)
  if (bytes <= maxBytes) return
  throw new CloudError(
    'invalid',
    `The machines' user data has ${bytes} bytes and this cloud takes ${maxBytes}: shorten software.env, its files and setup, or the packages`,
  )
}

function programNamed(name: string): MachineFile {
  return {
    path: `/etc/dask/${name}`,
    permissions: name.endsWith('.sh') ? '0755' : '0644',
    content: withoutComments(readFileSync(new URL(`machine/${name}`, import.meta.url), 'utf8')),
  }
}

/** Some clouds take 16 KiB and no more; the programs' readers are here. */
function withoutComments(program: string): string {
  return program.replaceAll(/^ *#(?!!).*\n/gm, '').replaceAll(/^ *"""[^"]*"""\n/gm, '')
}

const read = (path: string, content: string): MachineFile => ({ path, permissions: '0644', content })

const pem = (text: string): string => `${text.trim()}\n`

/** One a line: a program reads them as data. */
function lines(texts: readonly string[]): string {
  const broken = texts.find(text => text === '' || /\p{Cc}/u.test(text))
  if (broken !== undefined) throw new TypeError(`must be one line of text: ${JSON.stringify(broken)}`)
  return texts.map(text => `${text}\n`).join('')
}
