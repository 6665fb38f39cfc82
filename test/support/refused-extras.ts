import type { RefusedSpec } from './refused-specs.ts'
import { file, software } from './specs.ts'

const elsewhere =
  `/etc/dask/env /etc/systemd/system/x.service /etc/ssh/sshd_config /etc/sudoers /etc/sudoers.d/x /etc/passwd
  /etc/cloud/cloud.cfg /etc/default/dask-machine /etc/ld.so.preload /usr/lib/systemd/system/x.service /usr/bin/sh /bin/sh
  /run/dask/x /var/run/x /proc/x /dev/x /boot/x /opt/dask/bin/python /opt/dask-venv/x /opt/software-uv/uv /var/lib/dask/x
  /root/.ssh/authorized_keys`.split(/\s+/)

/** Images, files and commands that must be refused. */
export const extrasRows: readonly RefusedSpec[] = [
  {
    given: 'an image and packages',
    patch: software({ image: 'ghcr.io/dask/dask:2026.8.0' }),
    path: 'spec.software',
    says: /set either python or image/,
  },
  ...[
    '--privileged',
    '-v/:/host',
    'dask',
    'daskdev/dask:2026.8.0',
    'ghcr.io/dask/dask:',
    'ghcr.io/Dask/dask',
    'ghcr.io/dask/dask@sha256:0',
    'ghcr.io/dask/dask:a b',
    'ghcr.io/dask/dask:a\n',
    'ghcr.io/../dask',
    'https://ghcr.io/dask/dask',
    '-ghcr.io/dask/dask',
  ].map(image => ({
    given: `the image ${JSON.stringify(image)}`,
    patch: { software: { image } },
    path: 'spec.software.image',
    says: /write an image with its registry and without options/,
  })),
  ...[
    'srv/a',
    '/srv/../etc/a',
    '/srv/./a',
    '/srv//a',
    '/srv/',
    '/s r/a',
    '/srv/a\n',
    '/srv/$x',
    '/srv/..',
  ].map(path => ({
    given: `a file at ${JSON.stringify(path)}`,
    patch: file({ path }),
    path: 'spec.software.files[0].path',
    says: /must be an absolute path of letters, digits/,
  })),
  ...elsewhere.map(path => ({
    given: `a file at ${path}`,
    patch: file({ path }),
    path: 'spec.software.files[0].path',
    says: /are not for files of yours/,
  })),
  ...['644', '4755', '0888', 'rw-r'].map(mode => ({
    given: `the permissions ${mode}`,
    patch: file({ mode }),
    path: 'spec.software.files[0].mode',
    says: /four octal digits, for example "0644"/,
  })),
  {
    given: 'permissions as a number',
    patch: file({ mode: 644 }),
    path: 'spec.software.files[0].mode',
    says: /must be a text|must be of type string/,
  },
  {
    given: 'a file with an escape',
    patch: file({ content: 'a\u001b[0m' }),
    path: 'spec.software.files[0].content',
    says: /the content of a file is text/,
  },
  {
    given: 'a file of 8193 characters',
    patch: file({ content: 'a'.repeat(8193) }),
    path: 'spec.software.files[0].content',
    says: /may not be more than 8192|at most 8192/,
  },
  {
    given: 'two files at one path',
    patch: software({ files: [0, 1].map(() => ({ path: '/srv/a', content: '' })) }),
    path: 'spec.software.files',
    says: /Duplicate value|each file needs a path of its own/,
  },
  {
    given: '17 commands',
    patch: software({ setup: Array.from({ length: 17 }, () => 'true') }),
    path: 'spec.software.setup',
    says: /at most 16/,
  },
  {
    given: 'an empty command',
    patch: software({ setup: ['true', ''] }),
    path: 'spec.software.setup[1]',
    says: /at least 1 char/,
  },
  {
    given: 'a command with NUL',
    patch: software({ setup: ['a\u0000'] }),
    path: 'spec.software.setup[0]',
    says: /a command is text/,
  },
]
