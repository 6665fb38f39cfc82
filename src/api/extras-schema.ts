import { list, object } from './schema/containers.ts'
import { text } from './schema/scalars.ts'
import { celText, matching } from './schema/schema.ts'

/** Where the machine's own start, its access or Dask's keys are decided. */
const reserved = [
  'etc/(dask|systemd|ssh|sudoers|sudoers[.]d|cloud|pam[.]d|default/dask-machine)',
  'etc/(passwd|shadow|group|gshadow|fstab|ld[.]so[.].*)',
  '((usr|etc)/)?(lib|lib64|bin|sbin)',
  'opt/(dask|dask-venv|software-.*)',
  'var/lib/(cloud|dask|private)',
  'root/[.]ssh',
  '(var/)?run',
  'proc',
  'sys',
  'dev',
  'boot',
]
const reservedPath = new RegExp(`^/(${reserved.join('|')})(/|$)`)

const printable = (what: string) =>
  matching(/^[\t\n\r\P{Cc}]*$/u, `${what} is text: no control characters but tabs and line ends`)

const path = text({
  description: 'Where it is written: an absolute path. Folders on the way are made.',
  min: 2,
  max: 256,
  rules: [
    matching(
      /^(\/([.]{0,2}[A-Za-z0-9_@+-][A-Za-z0-9_@+.-]*|[.]{3,}))+$/,
      'must be an absolute path of letters, digits and _ . @ + -, without . or .. as a part, for example /etc/myapp/settings.toml',
    ),
    {
      cel: `!self.matches(${celText(reservedPath)})`,
      message:
        'Dask, systemd, SSH, sudo, accounts, programs of the system and what is made anew at each boot are not for files of yours: ' +
        'choose a path elsewhere, for example under /etc/myapp, /opt or /srv',
      holds: value => !reservedPath.test(value),
    },
  ],
})

export const files = list({
  description:
    'Files that each machine has before anything else of the cluster runs there, owned by root. With image they are seen in the container too. ' +
    'Not for secrets: whoever may read this resource reads them. Not in the local cloud.',
  items: object({
    description: 'One of them.',
    others: 'refused',
    fields: {
      path,
      content: text({
        description: 'What is in it.',
        max: 8192,
        rules: [printable('the content of a file')],
      }),
      mode: text({
        description: 'Its permissions: four octal digits, in quotes.',
        max: 4,
        default: '0644',
        rules: [matching(/^0[0-7]{3}$/, 'write permissions as four octal digits, for example "0644"')],
      }),
    },
  }),
  max: 16,
  keys: ['path'],
  rules: [
    {
      cel: 'self.all(one, self.exists_one(other, other.path == one.path))',
      message: 'each file needs a path of its own',
      holds: all => new Set(all.map(each => each.path)).size === all.length,
    },
  ],
})

export const setup = list({
  description:
    'Commands that each machine runs as root by /bin/sh before Dask and its packages are installed, in this order, each once a boot. ' +
    'One that fails is tried again every few seconds, and those after it wait. Not in the local cloud.',
  items: text({
    description: 'A command or a script of several lines, for example apt-get install -y git.',
    min: 1,
    max: 2048,
    rules: [printable('a command')],
  }),
  max: 16,
})
