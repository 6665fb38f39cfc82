import { integer, ParseError } from '../../lib/parse.ts'

/** One service of systemd, as far as this cloud does what systemd would. Durations in milliseconds, paths as written. */
export interface Unit {
  readonly stateDirectory: string
  readonly workingDirectory: string
  readonly credentials: readonly { readonly name: string; readonly path: string }[]
  readonly environmentFiles: readonly { readonly path: string; readonly isOptional: boolean }[]
  readonly before: readonly string[]
  readonly command: string
  readonly startMs: number
  readonly stopMs: number
  readonly restart: 'always' | 'on-failure'
  readonly restartMs: number
  readonly finalStatuses: readonly number[]
  readonly cleanStatuses: readonly number[]
}

type Values = readonly string[]
type Check = (value: string, where: string) => unknown

const exactly =
  (...known: readonly string[]): Check =>
  (value, where) =>
    known.includes(value) || refuse(where, `must be ${known.join(' or ')}, found ${value}`)
const prose: Check = (value, where) =>
  /[%$\\]/.test(value) && refuse(where, 'holds what systemd would replace')
const filePath = /^\/etc\/(dask|default)\/[A-Za-z0-9_][A-Za-z0-9_.-]*$/
const file: Check = (value, where) =>
  filePath.test(value) || refuse(where, `must be a file of Dask, found ${value}`)
const optionalFile: Check = (value, where) => file(value.replace(/^-/, ''), where)
const program: Check = (value, where) => file(value.replace(/^\+/, ''), where)
const credential: Check = (value, where) => {
  const { name, path } = credentialOf(value)
  if (!/^[a-z][a-z0-9.-]*$/.test(name)) refuse(where, `${name} is no name of a credential`)
  file(path, where)
}
const seconds: Check = (value, where) => secondsOf(value, where)
const status: Check = (value, where) => statusOf(value, where)

/** Every key that a unit may have. What has one value here needs no doing: a machine of this cloud is one user's folder. */
const sections: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  Unit: {
    Description: prose,
    Wants: exactly('network-online.target'),
    After: exactly('network-online.target'),
    StartLimitIntervalSec: exactly('0'),
  },
  Service: {
    Type: exactly('exec'),
    DynamicUser: exactly('yes'),
    StateDirectory: exactly('dask'),
    WorkingDirectory: exactly('/var/lib/dask'),
    LoadCredential: credential,
    EnvironmentFile: optionalFile,
    ExecStartPre: program,
    ExecStart: file,
    TimeoutStartSec: seconds,
    TimeoutStopSec: seconds,
    Restart: exactly('always', 'on-failure'),
    RestartSec: seconds,
    RestartPreventExitStatus: status,
    SuccessExitStatus: status,
    KillMode: exactly('mixed'),
    ...Object.fromEntries(
      ['NoNewPrivileges', 'ProtectHome', 'ProtectKernelTunables', 'ProtectKernelModules', 'ProtectKernelLogs']
        .concat(['ProtectControlGroups', 'ProtectHostname', 'RestrictRealtime', 'RestrictSUIDSGID'])
        .concat(['LockPersonality'])
        .map(key => [key, exactly('yes')]),
    ),
  },
  Install: { WantedBy: exactly('multi-user.target') },
}
const repeatable = ['LoadCredential', 'EnvironmentFile', 'ExecStartPre']

/** Reads a unit's text. Whatever systemd would understand and this cloud would not is an error that names the line. */
export function parseUnit(text: string, name: string): Unit {
  const service = readSections(text, name).get('Service') ?? new Map<string, Values>()
  const one = (key: string): string => service.get(key)?.[0] ?? refuse(name, `${key} is missing`)
  const many = (key: string): Values => service.get(key) ?? []
  const milliseconds = (key: string): number => secondsOf(one(key), name) * 1000
  return {
    stateDirectory: `/var/lib/${one('StateDirectory')}`,
    workingDirectory: one('WorkingDirectory'),
    credentials: many('LoadCredential').map(credentialOf),
    environmentFiles: many('EnvironmentFile').map(value => ({
      path: value.replace(/^-/, ''),
      isOptional: value.startsWith('-'),
    })),
    before: many('ExecStartPre').map(value => value.replace(/^\+/, '')),
    command: one('ExecStart'),
    startMs: milliseconds('TimeoutStartSec'),
    stopMs: milliseconds('TimeoutStopSec'),
    restart: one('Restart') === 'always' ? 'always' : 'on-failure',
    restartMs: milliseconds('RestartSec'),
    finalStatuses: many('RestartPreventExitStatus').map(value => statusOf(value, name)),
    cleanStatuses: many('SuccessExitStatus').map(value => statusOf(value, name)),
  }
}

function readSections(text: string, name: string): ReadonlyMap<string, ReadonlyMap<string, Values>> {
  const found = new Map<string, Map<string, Values>>()
  let section = ''
  for (const [index, line] of text.split('\n').entries()) {
    const where = `${name}, line ${index + 1}`
    if (line === '') continue
    const [, header] = /^\[(\w+)\]$/.exec(line) ?? []
    if (header !== undefined) {
      if (!Object.hasOwn(sections, header) || found.has(header)) refuse(where, `unexpected section ${header}`)
      section = header
      found.set(section, new Map())
      continue
    }
    const [key, value] = readLine(line, section, where)
    const values = found.get(section)
    if (values?.has(key) && !repeatable.includes(key)) refuse(where, `${key} is there twice`)
    values?.set(key, [...(values.get(key) ?? []), value])
  }
  return found
}

function readLine(line: string, section: string, where: string): readonly [string, string] {
  const [, key = '', value = ''] =
    /^([A-Za-z]+)=(\S|\S.*\S)$/.exec(line) ?? refuse(where, `cannot be read: ${line}`)
  const known = Object.hasOwn(sections, section) ? sections[section] : undefined
  const check = known !== undefined && Object.hasOwn(known, key) ? known[key] : undefined
  if (check === undefined) return refuse(where, `${key} is not known in section [${section}]`)
  check(value, `${where}, ${key}`)
  return [key, value]
}

function credentialOf(value: string): { readonly name: string; readonly path: string } {
  const colon = value.indexOf(':')
  return { name: value.slice(0, Math.max(colon, 0)), path: value.slice(colon + 1) }
}

const secondsOf = (value: string, where: string): number =>
  integer(/^\d+$/.test(value) ? Number(value) : value, where, { min: 0, max: 86_400 })

const statusOf = (value: string, where: string): number =>
  integer(/^\d+$/.test(value) ? Number(value) : value, where, { min: 0, max: 255 })

function refuse(where: string, problem: string): never {
  throw new ParseError(where, problem)
}
