import type { Software } from '../model/cluster.ts'
import type { Role } from '../model/names.ts'
import { usualWorker, type WorkerWays } from './services.ts'

/**
 * The status with which Dask on a machine ends for good (`machine/dask_machine.py`): a worker that was retired, a
 * scheduler that was idle for its time limit. After every other end, the clean one of a worker that lost its
 * scheduler among them, it starts again.
 */
const doneStatus = 86

/**
 * What keeps Dask running. The software is installed by the unit itself: it is tried again until it is there. What
 * would close the door on a GPU (PrivateDevices, ProtectClock, MemoryDenyWriteExecute) is left out. Where the machine
 * is watched, Dask has a folder to say in that somebody is there. `isShut`: tasks cannot ask the metadata service.
 * `isPlain`: no TLS, and so no keys. `worker`: how one starts and ends there.
 */
export const renderUnit = (
  role: Role,
  software: Pick<Software, 'kind' | 'setup'> = { kind: 'python' },
  {
    isWatched = false,
    isShut = false,
    isPlain = false,
    worker = usualWorker,
  }: {
    readonly isWatched?: boolean
    readonly isShut?: boolean
    readonly isPlain?: boolean
    readonly worker?: WorkerWays
  } = {},
) => {
  const { beforeStart, beforeStop, stopS, keepsEngine } = role === 'worker' ? worker : usualWorker
  return `[Unit]
Description=Dask ${role}
Wants=network-online.target
After=network-online.target${keepsEngine && software.kind === 'image' ? ' docker.service' : ''}
StartLimitIntervalSec=0

[Service]
Type=exec
${software.kind === 'image' ? '' : 'DynamicUser=yes\n'}StateDirectory=dask
${isWatched ? 'RuntimeDirectory=dask\n' : ''}WorkingDirectory=/var/lib/dask
${isPlain ? '' : credentials}EnvironmentFile=/etc/dask/env
EnvironmentFile=-/etc/default/dask-machine
${(software.setup ?? []).length === 0 ? '' : 'ExecStartPre=+/etc/dask/setup.sh\n'}${isShut ? 'ExecStartPre=+/etc/dask/shut.sh\n' : ''}${beforeStart}ExecStartPre=+/etc/dask/gpu.sh
${programs[software.kind]}
${beforeStop}TimeoutStartSec=600
Restart=always
RestartSec=2
RestartPreventExitStatus=${doneStatus}
SuccessExitStatus=${doneStatus}
TimeoutStopSec=${stopS}
KillMode=mixed
${hardening[software.kind]}
[Install]
WantedBy=multi-user.target
`
}

const credentials = ['ca.pem', 'node.pem', 'node.key']
  .map(name => `LoadCredential=${name}:/etc/dask/${name}\n`)
  .join('')

const programs: Readonly<Record<Software['kind'], string>> = {
  python: 'ExecStartPre=+/etc/dask/install.sh\nExecStart=/etc/dask/run.sh',
  // A container outlives the program that started it.
  image: `ExecStartPre=+/etc/dask/pull.sh
ExecStart=/etc/dask/container.sh
ExecStopPost=-/etc/dask/container.sh remove`,
}

const hardening: Readonly<Record<Software['kind'], string>> = {
  python: `NoNewPrivileges=yes
ProtectHome=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectHostname=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
`,
  // The engine needs what Dask must not have: `container.sh` takes it away from the container.
  image: '',
}
