import { files, setup } from './extras-schema.ts'
import { list, map, object } from './schema/containers.ts'
import { text } from './schema/scalars.ts'
import { celText, implied, keysMatching, matching, optional, type Rule } from './schema/schema.ts'

/**
 * Names that decide whether a machine boots and whether Dask speaks TLS at all. Dask reads its settings from the
 * environment without regard to case, and a whole branch of them (`DASK_DISTRIBUTED__COMM`) from one variable.
 */
const reserved = [
  'PATH',
  'HOME',
  'LD_.*',
  'PYTHON(PATH|HOME|STARTUP|USERBASE|PLATLIBDIR|EXECUTABLE)',
  'CREDENTIALS_DIRECTORY',
  'DASK_(ROOT_)?CONFIG',
  'DASK_INTERNAL_.*',
  'DASK_DISTRIBUTED(__COMM(__TLS.*|__REQUIRE_ENCRYPTION|__DEFAULT_SCHEME)?)?',
]
const reservedName = new RegExp(`^(${reserved.join('|')})$`, 'i')

export const environment = (whose: string) =>
  map({
    description:
      `Environment variables of ${whose}. Dask's own settings can be given here, for example ` +
      'DASK_DISTRIBUTED__WORKER__MEMORY__TARGET: "0.6". Not for secrets: whoever may read this resource reads them.',
    max: 64,
    values: text({
      description: 'The value, always a text: write "1", not 1.',
      max: 2048,
      rules: [matching(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'must be one line without control characters')],
    }),
    rules: [
      keysMatching(
        /^[A-Za-z_][A-Za-z0-9_]{0,127}$/,
        'names of environment variables are made of letters, digits and _, do not begin with a digit and have at most 128 characters',
      ),
      {
        cel: `!self.exists(key, key.matches(${celText(reservedName)}))`,
        message:
          'PATH, HOME, LD_*, CREDENTIALS_DIRECTORY, DASK_CONFIG, DASK_ROOT_CONFIG, DASK_INTERNAL_*, DASK_DISTRIBUTED__COMM and ' +
          'its TLS settings, and the PYTHON* variables that move the interpreter are set by the operator: remove them',
        holds: value => !Object.keys(value).some(key => reservedName.test(key)),
      },
    ],
  })

const requirement = text({
  description: 'One requirement as pip reads it, for example dask==2026.8.0 or s3fs>=2026.1.',
  min: 1,
  max: 512,
  rules: [
    matching(
      /^[A-Za-z0-9][^\p{Cc}\p{Zl}\p{Zp}\\]*$/u,
      'a package is one requirement as pip reads it, for example dask==2026.8.0: it begins with a letter or digit and ' +
        'has no line break, control character or backslash',
    ),
    {
      cel: `!self.contains(' -')`,
      message: 'options of pip are not possible in a package: remove what begins with -',
      holds: value => !value.includes(' -'),
    },
  ],
})

const image = text({
  description:
    'A container image with Dask and its python on the PATH, for example ghcr.io/dask/dask:2026.8.0-py3.13. It is run by the docker or podman ' +
    'that a machine has, else by one that apt installs. Instead of python. Not in the local cloud.',
  min: 1,
  max: 512,
  rules: [
    matching(
      /^([A-Za-z0-9][A-Za-z0-9-]*([.][A-Za-z0-9][A-Za-z0-9-]*)+(:[0-9]{1,5})?|[A-Za-z0-9][A-Za-z0-9-]*:[0-9]{1,5}|localhost)(\/[a-z0-9]+(([.]|_|__|-+)[a-z0-9]+)*)+(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$/,
      'write an image with its registry and without options, for example docker.io/daskdev/dask:2026.8.0-py3.13',
    ),
  ],
})

const python = object({
  description:
    'Installs packages into a Python environment of its own on each machine, without a container. Instead of image.',
  others: 'refused',
  fields: {
    version: optional(
      text({
        description:
          'Minor version of Python, for example "3.12" (in quotes: 3.10 without them is the number 3.1). It must be ' +
          'the one that clients use. Default: the Python that the machine has.',
        max: 8,
        rules: [
          matching(/^3\.(9|1[0-9])$/, 'write a minor version of Python 3 from 3.9, for example "3.12"'),
        ],
      }),
    ),
    packages: list({
      description:
        'What pip installs, in this order. It should hold dask and distributed in the versions that clients use, ' +
        'unless the Python of the machine has them already; an empty list installs nothing.',
      items: requirement,
      max: 100,
      default: ['dask==2026.8.0', 'distributed==2026.8.0'],
    }),
  },
})

const eitherSource =
  'set either python or image: python installs packages on the machine ({} for the usual ones), image runs a container that has them'

const whatRuns = object({
  description: 'What runs on every machine of the cluster.',
  others: 'refused',
  default: { python: {} },
  fields: {
    image: optional(image),
    python: optional(python),
    env: optional(environment('the scheduler and all workers')),
    files: optional(files),
    setup: optional(setup),
  },
  rules: [
    {
      cel: '!has(self.image) || !has(self.python)',
      message: eitherSource,
      holds: value => value.image === undefined || value.python === undefined,
    },
  ],
})

/** A rule of the whole spec: a class may have the source. */
export const namesSource: Rule<{
  readonly className?: string
  readonly software: { readonly image?: unknown; readonly python?: unknown }
}> = {
  cel: 'has(self.className) || !has(self.software) || has(self.software.image) || has(self.software.python)',
  message: `spec.software: ${eitherSource}`,
  holds: ({ className, software: { image: own, python: packages } }) =>
    className !== undefined || own !== undefined || packages !== undefined,
}

export const software = implied(whatRuns, 'python, with dask and distributed')

/** As a class has it: it may leave the source to the usual one, and still give an environment. */
export const classSoftware = object({
  description: 'What runs on every machine where a cluster does not say it.',
  others: 'refused',
  fields: {
    image: optional(image),
    python: optional(python),
    env: optional(environment('the scheduler and all workers, which clusters add to')),
    files: optional(files),
    setup: optional(setup),
  },
  rules: [
    {
      cel: '!has(self.image) || !has(self.python)',
      message: 'set either python or image, or neither for the usual packages',
      holds: value => value.image === undefined || value.python === undefined,
    },
  ],
})
