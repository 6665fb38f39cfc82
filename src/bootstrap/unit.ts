import type { Software } from '../model/cluster.ts'
import type { Role } from '../model/names.ts'

/**
 * The status with which Dask on a machine ends for good (`machine/dask_machine.py`): a worker that was retired, a
 * scheduler that was idle for its time limit. After every other end, the clean one of a worker that lost its
 * scheduler among them, it starts again.
 */
const doneStatus = 86

/**
 * What keeps Dask running. The software is installed by the unit itself: it is tried again until it is there. What
 * would close the door on a GPU (PrivateDevices, ProtectClock, MemoryDenyWriteExecute) is left out.
 */
export const renderUnit = (role: Role, { setup = [] }: Pick<Software, 'setup'> = {}): string => `[Unit]
Description=Dask ${role}
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=exec
DynamicUser=yes
StateDirectory=dask
WorkingDirectory=/var/lib/dask
LoadCredential=ca.pem:/etc/dask/ca.pem
LoadCredential=node.pem:/etc/dask/node.pem
LoadCredential=node.key:/etc/dask/node.key
EnvironmentFile=/etc/dask/env
EnvironmentFile=-/etc/default/dask-machine
${setup.length === 0 ? '' : 'ExecStartPre=+/etc/dask/setup.sh\n'}ExecStartPre=+/etc/dask/install.sh
ExecStart=/etc/dask/run.sh
TimeoutStartSec=600
Restart=always
RestartSec=2
RestartPreventExitStatus=${doneStatus}
SuccessExitStatus=${doneStatus}
TimeoutStopSec=10
KillMode=mixed
NoNewPrivileges=yes
ProtectHome=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectHostname=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes

[Install]
WantedBy=multi-user.target
`
