import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Call } from '../../../src/lib/call.ts'
import { cachedFolder, exists, keyOf } from '../cached-folder.ts'
import { onPath, step } from '../python.ts'
import { apart } from './namespaces.ts'

/** What machines that boot are made of: fetched and built before the tests go where there is no network. */
export interface Ground {
  /** A Debian with systemd and cloud-init, never written to. */
  readonly root: string
  /** Wheels for that Debian's Python. */
  readonly wheels: string
  /** The same Debian with Docker's engine, and a registry that can be run from it. */
  readonly engineRoot: string
  /** A tar file: the one layer of a container image with Python and Dask. */
  readonly layer: string
}

export interface GroundCall extends Call {
  readonly progress: (line: string) => void
}

const suite = 'trixie'
/** Of that suite. */
const python = '3.13'

/** Like a cloud's own Debian image: no Dask, no uv, no pip and no venv. */
const packages = [
  'systemd',
  'systemd-sysv',
  'systemd-resolved',
  'dbus',
  'iproute2',
  'nftables',
  'ca-certificates',
  'cloud-init',
  'dhcpcd-base',
  'python3',
  'netbase',
  'sudo',
  'openssl',
]

const enginePackages = ['docker.io', 'docker-cli', 'docker-registry']

const masked = [
  'getty.target',
  'console-getty.service',
  'systemd-firstboot.service',
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'dpkg-db-backup.timer',
  'fstrim.timer',
  'e2scrub_all.timer',
]

/**
 * Each as a shell line that gets the root as `$1`. cloud-init reads DMI from a folder, since a container has no firmware
 * tables: the one thing in which these machines differ from a cloud's.
 */
const hooks = [
  'chroot "$1" systemctl enable systemd-networkd systemd-networkd-wait-online',
  `chroot "$1" systemctl mask ${masked.join(' ')}`,
  'rm -f "$1"/etc/resolv.conf "$1"/etc/hostname; ln -s ../run/systemd/resolve/stub-resolv.conf "$1"/etc/resolv.conf; : >"$1"/etc/machine-id',
  `sed -i 's#^DMI_SYS_PATH = .*#DMI_SYS_PATH = "/etc/emulator/dmi"#; s#^    if is_container():#    if False:#' "$1"/usr/lib/python3/dist-packages/cloudinit/dmi.py`,
]

const wanted = ['dask==2026.8.0', 'distributed==2026.8.0', 'uv']
const platforms = ['manylinux_2_28', 'manylinux_2_17', 'manylinux2014', 'manylinux_2_5']

/** Programs that machines are booted with, by the Debian package that each is in. */
export const programs: Readonly<Record<string, string>> = {
  'systemd-nspawn': 'systemd-container',
  mmdebstrap: 'mmdebstrap',
  dnsmasq: 'dnsmasq-base',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  ip: 'iproute2',
}

/** Why no machine can be booted here, or undefined. */
export async function hindrance(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'machines are booted on Linux only'
  if (process.getuid?.() !== 0) return 'needs root'
  for (const [program, debian] of Object.entries(programs)) {
    if ((await onPath(program)) === undefined && (await onPathOf('/usr/sbin', program)) === undefined)
      return `${program} is missing: apt-get install ${debian}`
  }
  const namespace = await step('unshare', [...apart, 'true'], { signal: AbortSignal.timeout(10_000) }).catch(
    () => 'no namespaces may be made here',
  )
  if (namespace !== undefined) return namespace
  return (await mirror()) === undefined
    ? 'the package sources of this machine name no Debian mirror'
    : undefined
}

const onPathOf = async (folder: string, program: string): Promise<string | undefined> =>
  (await exists(join(folder, program))) ? join(folder, program) : undefined

/** Builds what is not in the cache yet: a minute or two the first time. */
export async function prepareGround(call: GroundCall): Promise<Ground> {
  const wheels = await wheelsFolder(call)
  const machine = { name: 'machine', variant: 'minbase', packages, hooks, target: 'root' } as const
  const engine = { ...machine, name: 'machine-with-docker', packages: [...packages, ...enginePackages] }
  const image = {
    name: 'image',
    variant: 'essential',
    packages: ['python3', 'ca-certificates'],
    hooks: [
      `for wheel in ${wheels}/*.whl; do python3 -m zipfile -e "$wheel" "$1"/usr/lib/python3/dist-packages; done`,
    ],
    target: 'layer.tar',
  } as const
  return {
    wheels,
    root: await built(machine, call),
    engineRoot: await built(engine, call),
    layer: await built(image, call),
  }
}

/** A Debian that is built once: what is in it, and shell lines that finish it. */
interface Recipe {
  /** What it is for, in the name of its folder and for people. */
  readonly name: string
  readonly variant: 'minbase' | 'essential'
  readonly packages: readonly string[]
  readonly hooks: readonly string[]
  /** Its file or folder below the one that is kept. */
  readonly target: string
}

async function built(
  { name, variant, packages: included, hooks: finishing, target }: Recipe,
  { signal, progress }: GroundCall,
): Promise<string> {
  const source = await mirror()
  if (source === undefined) throw new Error('there is no Debian mirror to build machines from')
  const make = async (folder: string): Promise<void> => {
    progress(`building a Debian ${suite}: ${name}, about a minute`)
    const began = performance.now()
    const args = [
      `--variant=${variant}`,
      '--mode=root',
      `--include=${included.join(',')}`,
      ...['man', 'doc', 'locale'].map(each => `--dpkgopt=path-exclude=/usr/share/${each}/*`),
      '--aptopt=Acquire::Languages "none"',
      ...finishing.map(hook => `--customize-hook=${hook}`),
      suite,
      join(folder, target),
      source,
    ]
    await step('mmdebstrap', args, { signal })
    progress(`built in ${((performance.now() - began) / 1000).toFixed(0)} s`)
  }
  const recipe = keyOf([suite, variant, included, finishing])
  return join(await cachedFolder(`${name}-${recipe}`, make, { signal }), target)
}

async function wheelsFolder({ signal, progress }: GroundCall): Promise<string> {
  const key = keyOf([python, wanted, platforms])
  const make = async (folder: string): Promise<void> => {
    progress('fetching the wheels that machines install')
    const tools = join(folder, 'tools')
    await step('python3', ['-m', 'venv', tools], { signal })
    const pip = join(tools, 'bin', 'python')
    const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
    const kinds = [...platforms.map(each => `${each}_${machine}`), 'any'].flatMap(each => [
      '--platform',
      each,
    ])
    const wheels = join(folder, 'wheels')
    await mkdir(wheels)
    const how = ['-m', 'pip', 'download', '--quiet', '--python-version', python, '--only-binary=:all:']
    await step(pip, [...how, ...kinds, '-d', wheels, ...wanted], { signal })
    await writeFile(join(folder, 'wanted'), `${wanted.join('\n')}\n`)
  }
  return join(await cachedFolder(`wheels-${key}`, make, { signal }), 'wheels')
}

/** The Debian mirror that this machine itself uses. */
async function mirror(): Promise<string | undefined> {
  const folder = '/etc/apt/sources.list.d'
  const names = (await readdir(folder).catch((): string[] => [])).map(name => join(folder, name))
  for (const path of ['/etc/apt/sources.list', ...names]) {
    const text = await readFile(path, 'utf8').catch(() => '')
    const found = /^(?:deb\s+(?:\[[^\]]*\]\s+)?|URIs:\s*)(https?:\/\/\S*debian\/?)(?:\s|$)/m.exec(text)?.[1]
    if (found !== undefined && !found.includes('security')) return found
  }
  return undefined
}
