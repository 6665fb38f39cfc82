import type { Role } from '../model/names.ts'
import type { Boot, MetadataService } from './boot.ts'

/** A spot machine has two minutes from its notice; the rest is for systemd and for what is on its way. */
const leaveWithinS = 90
const lookEveryS = 5
/**
 * A machine that is alone for so long powers itself off: a worker without a scheduler, a scheduler without operator and
 * clients. Longer than a scheduler takes to be rebuilt, and than an operator is away for a night.
 */
const absenceS = { worker: 1_800, scheduler: 43_200 } as const satisfies Record<Role, number>

const services: Readonly<Record<MetadataService, string>> = { ec2: 'http://169.254.169.254' }

/** What the watcher and Dask's side of it (`machine/watch.py`, `machine/dask_watch.py`) go by. Dask takes every file of JSON beside it for its own configuration: it has no ending. */
export function watchSettings({ role, scheduler }: Boot, metadata: MetadataService): string {
  const settings = {
    role,
    scheduler: scheduler.internal,
    metadata: services[metadata],
    lookEveryS,
    absenceS: absenceS[role],
    leaveWithinS,
    notice: '/run/dask-watch/notice',
    runtime: '/run/dask',
    heartbeat: '/run/dask/watch/heartbeat',
    console: '/dev/console',
    // What is new since it was last asked.
    journal: [
      'journalctl',
      '--quiet',
      '--output=cat',
      '--unit=dask.service',
      '--cursor-file=/run/dask-watch/cursor',
    ],
    powerOff: ['systemctl', 'poweroff'],
  }
  return `${JSON.stringify(settings)}\n`
}

/** It waits for nothing and depends on nothing: least of all on Dask's coming up. */
export const watchUnit = `[Unit]
Description=Watch over this machine
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=/usr/bin/env python3 -I /etc/dask/watch.py /etc/dask/watch
RuntimeDirectory=dask-watch
RuntimeDirectoryPreserve=yes
Restart=always
RestartSec=10
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes

[Install]
WantedBy=multi-user.target
`
