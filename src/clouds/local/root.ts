import { createHash } from 'node:crypto'
import { chmod, copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import { unlessMissing } from './faults.ts'
import { type BootRecord, machinePaths } from './folders.ts'
import type { Tags } from './tags.ts'
import type { Unit } from './unit-text.ts'

/**
 * A machine's files: what is `/etc/dask` on a real one is `<root>/etc/dask` here, and the same for every other path.
 * Only names of files are moved so. No content is changed: the programs find the root by the path they are run by, and
 * a user's text that happens to hold `/etc/dask` stays what it is.
 */
export class Root {
  readonly #home: string

  constructor(home: string) {
    this.#home = home
  }

  path(path: string): string {
    return join(machinePaths(this.#home).root, path)
  }

  /** Does what a cloud's image and cloud-init have done when systemd starts. */
  async make(boot: BootRecord, tags: Tags): Promise<void> {
    for (const { path, mode, content } of boot.files) await this.#write(path, content, mode)
    await this.#write('/var/lib/cloud/data/instance-id', `${basename(this.#home)}\n`, 0o644)
    await this.#write('/etc/default/dask-machine', machineSettings(tags), 0o644)
    if (boot.python !== undefined)
      await this.#write('/opt/dask/bin/python', pythonProgram(boot.python), 0o755)
    await this.#share(boot)
  }

  /** Copies of the credentials, which systemd would keep in memory, and the folder that belongs to the service. */
  async prepare(unit: Unit, name: string): Promise<string> {
    const credentials = this.path(`/run/credentials/${name}`)
    await mkdir(this.path(unit.stateDirectory), { recursive: true })
    await rm(credentials, { recursive: true, force: true })
    await mkdir(credentials, { recursive: true, mode: 0o700 })
    for (const credential of unit.credentials) {
      await copyFile(this.path(credential.path), join(credentials, credential.name))
      await chmod(join(credentials, credential.name), 0o400)
    }
    return credentials
  }

  /** Undefined where there is no such file. */
  read(path: string): Promise<string | undefined> {
    return unlessMissing(readFile(this.path(path), 'utf8'))
  }

  async #write(path: string, content: string, mode: number): Promise<void> {
    const place = this.path(path)
    await mkdir(dirname(place), { recursive: true })
    await writeFile(place, content, { mode })
    // The mode of a new file is cut by the umask.
    await chmod(place, mode)
  }

  /** Machines that would install the same share one environment; `install.sh` fills it under a lock. */
  async #share(boot: BootRecord): Promise<void> {
    const shared = join(boot.cache, environmentKey(boot))
    await mkdir(shared, { recursive: true, mode: 0o700 })
    await mkdir(this.path('/opt'), { recursive: true })
    await symlink(shared, this.path('/opt/dask-venv'))
  }
}

/** Of everything that decides what is installed. */
function environmentKey({ files, python }: BootRecord): string {
  const content = (path: string): string => files.find(file => file.path === path)?.content ?? ''
  const installers = content('/etc/dask/env')
    .split('\n')
    .filter(line => /^(PIP|UV)_/.test(line))
  const parts = [content('/etc/dask/requirements.txt'), content('/etc/dask/python-version'), installers]
  const hash = createHash('sha256').update(JSON.stringify([...parts, python ?? '', process.arch]))
  return hash.digest('hex').slice(0, 32)
}

/** What `run.sh` must know of this machine that others of its launch do differently; a real machine has no such file. */
function machineSettings({ endpoint: { host, port }, role }: Tags): string {
  // Where machines share an address, another one may have Dask's usual port.
  const dashboard = host === '127.0.0.1' ? 0 : 8787
  const own =
    role === 'worker' ? `DASK_MACHINE_PORT="${port}"` : `DASK_MACHINE_DASHBOARD="${host}:${dashboard}"`
  return `DASK_MACHINE_HOST="${host}"\n${own}\n`
}

/** Not a link: through a link, Python would not find the environment that it is part of. */
const pythonProgram = (python: string): string =>
  `#!/bin/sh\nexec '${python.replaceAll("'", String.raw`'\''`)}' "$@"\n`
