import { usualPace } from '../../../src/dask/pace.ts'
import { SchedulerPool } from '../../../src/dask/pool.ts'
import { isRecord } from '../../../src/lib/parse.ts'
import { poll } from '../../../src/lib/wait.ts'
import { schedulerServerName } from '../../../src/pki/identity.ts'
import { bundle, identity } from '../boots.ts'
import { DaskUser } from '../dask-user.ts'
import { daskPython, tell } from '../python.ts'
import type { BootedMachine } from './machine.ts'
import { MachineRoom } from './room.ts'

/** Asks for the user data as an account. */
export const asking = `
import os, sys, urllib.error, urllib.request
os.setuid(int(sys.argv[1]))
try:
    urllib.request.urlopen("http://169.254.169.254" + sys.argv[2], timeout=5)
except urllib.error.HTTPError as error:
    print(error.code)
except urllib.error.URLError as error:
    print(error.reason.strerror)
`

/** Computes what no second run would give again on one worker, says so, and reads it again once that worker has gone. */
export const holding = `
import uuid
name, here = sys.argv[1:]
future = client.submit(uuid.uuid4, workers=[name], pure=False)
first = future.result(timeout=60)
open(here, "w").close()
while name in [each["name"] for each in client.scheduler_info(n_workers=-1)["workers"].values()]:
    time.sleep(0.1)
print(json.dumps(future.result(timeout=60) == first))
`

export const squares = `
print(json.dumps(client.submit(sum, client.map(pow, range(200), [2] * 200, pure=False)).result(timeout=60)))
`

/** Where the scheduler of a room is: at its first place. */
export function addresses() {
  const endpoint = { host: MachineRoom.place(1).ip, port: 8786 }
  return { internal: endpoint, external: endpoint }
}

/** The process that systemd started; there is none while Dask is on its way to come back. */
export function daskPid(machine: BootedMachine): Promise<string> {
  const running = async (): Promise<string | undefined> => {
    const pid = (await machine.run('systemctl', 'show', '--value', '-p', 'MainPID', 'dask.service')).trim()
    return pid === '0' ? undefined : pid
  }
  return poll(running, 200, { signal: AbortSignal.timeout(30_000) })
}

/** What the operator knows of the scheduler. */
export function followed(): SchedulerPool {
  const pool = new SchedulerPool({ pace: usualPace })
  pool.track({
    uid: identity.uid,
    host: addresses().internal.host,
    port: 8786,
    serverName: schedulerServerName(identity.uid),
    idlePollMs: undefined,
    ca: bundle.authority.certificate,
    cert: bundle.client.certificate,
    key: bundle.client.key,
  })
  return pool
}

/** Somebody with the cluster's client certificate. */
export async function aUser(folder: string): Promise<DaskUser> {
  const { authority, client } = bundle
  const files = { 'ca.crt': authority.certificate, 'tls.crt': client.certificate, 'tls.key': client.key }
  const data = Object.fromEntries(
    Object.entries(files).map(([name, text]) => [name, Buffer.from(text).toString('base64')]),
  )
  const python = await daskPython({ signal: AbortSignal.timeout(600_000), progress: tell })
  const { host, port } = addresses().internal
  return DaskUser.create(python, folder, { secret: { data }, scheduler: `tls://${host}:${port}` })
}

/** What cloud-init has to say against a boot, once that is over; undefined before. */
export async function bootedAs(machine: BootedMachine): Promise<readonly string[] | undefined> {
  const told: unknown = JSON.parse(await machine.run('sh', '-c', 'cloud-init status --format=json; true'))
  const { status, errors, recoverable_errors: warnings } = isRecord(told) ? told : {}
  if (status === 'running' || status === 'not run') return undefined
  const all = [...textsIn(errors), ...(isRecord(warnings) ? Object.values(warnings).flatMap(textsIn) : [])]
  // No container may read the kernel's log, which cloud-init keeps where it runs on Azure.
  return [...(status === 'done' ? [] : [String(status)]), ...all.filter(line => !line.includes('dmesg log'))]
}

const textsIn = (list: unknown): readonly string[] =>
  Array.isArray(list) ? list.filter(each => typeof each === 'string') : []
