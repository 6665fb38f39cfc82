import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type Call, within } from '../../../src/lib/call.ts'
import { poll } from '../../../src/lib/wait.ts'
import { aGroup } from '../../../test/support/aws/aws-ground.ts'
import { freePort, Running } from '../../../test/support/dask-processes.ts'
import { pythonWith } from '../../../test/support/python.ts'
import type { BenchCall, Home } from '../home.ts'
import { type Account, type Launching, launchingOf, regionName, type Site } from './site.ts'

/** The newest of the package index when this was written, and what it was measured with. */
const requirements = [
  'dask-cloudprovider[aws]==2025.9.0',
  'dask==2026.8.0',
  'distributed==2026.8.0',
  'aiobotocore==3.10.0',
]
const installMs = 600_000
const schedulerMs = 60_000
/** As long as its own limit for one machine. */
const launchMs = 300_000

export interface PeerLaunching {
  /** `broken` where it gave up, or was still not done when its time was over. */
  readonly kind: 'whole' | 'broken'
  readonly workers: number
  readonly launching: Launching
  /** Machines that it had made by then, its scheduler's among them. */
  readonly made: number
  /** Its own words, where it gave up. */
  readonly problem: string
}

/** dask-cloudprovider's EC2Cluster, in an account of its own for each size, with the same AWS and in the same order. */
export async function peerLaunches(
  sizes: readonly number[],
  site: Site,
  home: Home,
  call: BenchCall,
): Promise<readonly PeerLaunching[]> {
  if (sizes.length === 0) return []
  const python = await pythonWith(requirements, {
    ...within(call, installMs),
    progress: call.progress,
  })
  const done: PeerLaunching[] = []
  for (const workers of sizes) {
    call.progress(`dask-cloudprovider: a cluster of ${workers} workers`)
    done.push(
      await peerLaunch({ python, endpoint: site.endpoint, account: site.account(), workers, home }, call),
    )
  }
  return done
}

interface Peer {
  readonly python: string
  readonly endpoint: string
  readonly account: Account
  readonly workers: number
  readonly home: Home
}

/** It waits for its scheduler before it launches workers: one is there from the beginning, so that it never has to. */
async function peerLaunch(peer: Peer, call: Call): Promise<PeerLaunching> {
  const { account, workers } = peer
  const port = await freePort()
  const scheduler = started(peer, [
    '-m',
    'distributed.cli.dask_scheduler',
    '--host=127.0.0.1',
    `--port=${port}`,
    '--no-dashboard',
  ])
  try {
    await poll(() => answers(port), 100, within(call, schedulerMs))
    // Where there is none to find, it fails to make one.
    const group = aGroup(account.region, 'sg-0123456789abcdef0')
    const words = { workers, port, group, region: regionName }
    const cluster = started(peer, [program, JSON.stringify(words)])
    try {
      await cluster.ended(within(call, launchMs)).catch(() => call.signal.throwIfAborted())
    } finally {
      await cluster.stop('SIGKILL')
    }
    return judged(peer, cluster.output)
  } finally {
    await scheduler.stop()
  }
}

function judged({ account, workers }: Peer, output: string): PeerLaunching {
  const told = new Map(output.split('\n').map(line => wordAndRest(line)))
  const began = Number(told.get('BEGAN'))
  if (!Number.isFinite(began)) throw new Error(`dask-cloudprovider did not begin:\n${output.slice(-2_000)}`)
  const { region, heard } = account
  const made = region.instances.size
  const problem = told.get('FAILED') ?? 'it was not done in time'
  const kind = told.has('LAUNCHED') && made > workers ? 'whole' : 'broken'
  return {
    kind,
    workers,
    launching: launchingOf(workers, heard(), began),
    made,
    problem: kind === 'whole' ? '' : problem,
  }
}

const wordAndRest = (line: string): readonly [string, string] => {
  const [word = ''] = line.split(' ', 1)
  return [word, line.slice(word.length + 1)]
}

const program = join(import.meta.dirname, 'peer.py')

function started({ python, endpoint, account, home }: Peer, words: readonly string[]): Running {
  const env = {
    PATH: process.env['PATH'],
    HOME: home.directory,
    DASK_CONFIG: join(home.directory, 'peer'),
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: account.accessKey,
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_EC2_METADATA_DISABLED: 'true',
  }
  const child = spawn(python, [...words], { stdio: ['ignore', 'pipe', 'pipe'], env, detached: true })
  home.guard(child)
  child.on('error', () => undefined)
  return new Running(child)
}

async function answers(port: number): Promise<true | undefined> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(1_000) })
    return true
  } catch {
    return undefined
  } finally {
    socket.destroy()
  }
}
