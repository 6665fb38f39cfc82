import { unreachable } from '../lib/unreachable.ts'
import { nannyPort, workerPort } from '../model/ports.ts'
import type { Boot } from './boot.ts'
import { dashboardAddress } from './dashboard.ts'

/** The module that `python -m` runs and its arguments, as far as all machines of a launch share them. */
export function daskArguments(boot: Boot): readonly string[] {
  switch (boot.role) {
    case 'scheduler':
      return schedulerArguments(boot)
    case 'worker':
      return workerArguments(boot)
    default:
      return unreachable(boot.role)
  }
}

function schedulerArguments(boot: Boot): readonly string[] {
  const { scheduler, limits, certificates } = boot
  return [
    'distributed.cli.dask_scheduler',
    `--protocol=${protocolOf(certificates)}`,
    `--port=${scheduler.internal.port}`,
    `--dashboard-address=${dashboardAddress(boot)}`,
    ...(limits.idleTimeoutS === undefined ? [] : [`--idle-timeout=${limits.idleTimeoutS}s`]),
  ]
}

const protocolOf = (certificates: Boot['certificates']): string => (certificates === 'none' ? 'tcp' : 'tls')

/** The module itself instead of `dask worker`, which loads every plug-in: 50 MB instead of 71. systemd is the nanny unless one is asked for. */
function workerArguments({ scheduler, group, limits, certificates }: Boot): readonly string[] {
  const { host, port } = scheduler.internal
  return [
    'distributed.cli.dask_worker',
    `${protocolOf(certificates)}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ...(group.nanny === true ? ['--nanny', `--nanny-port=${nannyPort}`] : ['--no-nanny']),
    ...(group.threads === undefined ? [] : [`--nthreads=${group.threads}`]),
    `--memory-limit=${group.memory ?? 'auto'}`,
    `--death-timeout=${limits.deathTimeoutS}s`,
    `--worker-port=${workerPort}`,
    '--dashboard-address=127.0.0.1:0',
  ]
}

/**
 * Dask's configuration: what keeps an idle worker quiet (0.6 to 0.9 % of a core instead of 2.5 to 3.8), and its
 * resources. The user's environment goes over it. JSON is YAML.
 */
export function daskConfiguration({ role, group }: Pick<Boot, 'role' | 'group'>): string {
  const configuration = {
    distributed: {
      worker: {
        profile: { enabled: false },
        ...(role === 'worker' ? { resources: group.resources } : {}),
      },
      admin: { tick: { interval: '500ms' }, 'system-monitor': { interval: '2s' } },
    },
  }
  return `${JSON.stringify(configuration)}\n`
}
