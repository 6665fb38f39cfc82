import type { Role } from '../model/names.ts'
import type { Boot, MetadataService } from './boot.ts'
import { services } from './services.ts'

/**
 * A machine that is alone for so long powers itself off: a worker without a scheduler, a scheduler without operator and
 * clients. Longer than a scheduler takes to be rebuilt, and than an operator is away for a night.
 */
const absenceS = { worker: 1_800, scheduler: 43_200 } as const satisfies Record<Role, number>

/** What the watcher and Dask's side of it (`machine/watch.py`, `machine/dask_watch.py`) go by. Dask takes every file of JSON beside it for its own configuration: it has no ending. */
export function watchSettings({ role, scheduler, certificates }: Boot, metadata: MetadataService): string {
  const { url, lookEveryS, leaveWithinS } = services[metadata]
  const settings = {
    role,
    scheduler: scheduler.internal,
    tls: certificates !== 'none',
    metadata: url,
    lookEveryS,
    absenceS: absenceS[role],
    leaveWithinS,
    notice: '/run/dask-watch/notice',
    runtime: '/run/dask',
    heartbeat: '/run/dask/watch/heartbeat',
    console: '/dev/console',
    // Of an authority that Dask has heard of while it ran (`machine/dask_tls.py`).
    renewed: '/var/lib/dask/tls/current/ca.pem',
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
export const watchUnit = (metadata: MetadataService): string => `[Unit]
Description=Watch over this machine
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=${services[metadata].watcher}
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
