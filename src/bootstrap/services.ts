import type { MetadataService } from './boot.ts'

/** What is other on a machine with another metadata service. */
export interface ServiceWays {
  readonly url: string
  readonly lookEveryS: number
  /** A worker has so long from the notice that its machine is taken back: less than the machine has. */
  readonly leaveWithinS: number
  /** The watcher, as its unit starts it. */
  readonly watcher: string
  /** Its own programs. */
  readonly programs: readonly string[]
  /** In the programs that all have, by their names: what stands there, and what takes its place. */
  readonly exchanges: Readonly<Record<string, readonly (readonly [string, string])[]>>
  /** How systemd starts and ends a worker there. */
  readonly worker: WorkerWays
}

export interface WorkerWays {
  /** Lines of its unit, each with its line break. */
  readonly beforeStart: string
  readonly beforeStop: string
  /** Systemd waits for so long, for what runs before it ends Dask and then for Dask. */
  readonly stopS: number
  /** A container's engine stays until its container has gone. */
  readonly keepsEngine: boolean
}

/** Of a machine that nobody takes back, too. */
export const usualWorker: WorkerWays = { beforeStart: '', beforeStop: '', stopS: 10, keepsEngine: false }

const python = '/usr/bin/env python3 -I /etc/dask'
const namedByService = [['/var/lib/cloud/data/instance-id', '/etc/dask/name']] as const

export const services: Readonly<Record<MetadataService, ServiceWays>> = {
  // Two minutes from the notice to the end.
  ec2: {
    url: 'http://169.254.169.254',
    lookEveryS: 5,
    leaveWithinS: 90,
    watcher: `${python}/watch.py /etc/dask/watch`,
    programs: [],
    exchanges: {},
    worker: usualWorker,
  },
  // Thirty seconds, in which the machine is already shut down.
  gce: {
    url: 'http://169.254.169.254',
    lookEveryS: 2,
    leaveWithinS: 20,
    watcher: `${python}/gce.py watch /etc/dask/watch`,
    programs: ['gce.py'],
    exchanges: {
      'run.sh': namedByService,
      'container.sh': namedByService,
      // The same address has the machine's DNS and its time.
      'shut.sh': [
        ['ip daddr 169.254.169.254', 'ip daddr 169.254.169.254 th dport != { 53, 123 }'],
        ['ip6 daddr fd00:ec2::254', 'ip6 daddr fd20:ce::254 th dport != { 53, 123 }'],
      ],
    },
    worker: {
      beforeStart: `ExecStartPre=+${python}/gce.py name /etc/dask/watch\n`,
      beforeStop: `ExecStop=-+${python}/gce.py leave /etc/dask/watch\n`,
      stopS: 25,
      keepsEngine: true,
    },
  },
  // Thirty seconds, in which the machine runs.
  azure: {
    url: 'http://169.254.169.254',
    lookEveryS: 1,
    leaveWithinS: 20,
    watcher: `${python}/azure.py watch /etc/dask/watch`,
    programs: ['azure.py'],
    exchanges: {
      'run.sh': namedByService,
      'container.sh': namedByService,
      // The wire server tells a machine's goal state, certificates among it; names are asked for at its address, too.
      'shut.sh': [['ip6 daddr fd00:ec2::254', 'ip daddr 168.63.129.16 th dport != 53']],
    },
    worker: { ...usualWorker, beforeStart: `ExecStartPre=+${python}/azure.py name /etc/dask/watch\n` },
  },
  // Nobody takes a droplet back: the watcher shows how it comes up, and looks whether anybody is there.
  digitalocean: {
    url: 'http://169.254.169.254',
    lookEveryS: 5,
    leaveWithinS: 90,
    watcher: `${python}/digitalocean.py watch /etc/dask/watch`,
    programs: ['digitalocean.py'],
    exchanges: { 'run.sh': namedByService, 'container.sh': namedByService },
    worker: { ...usualWorker, beforeStart: `ExecStartPre=+${python}/digitalocean.py name /etc/dask/watch\n` },
  },
}
