import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isRecord, record } from '../../../src/lib/parse.ts'
import { cachedFolder, keyOf } from '../cached-folder.ts'
import { pythonWith, step, tell } from '../python.ts'

/** Of the versions of Azure's API that the SDK asks for, but for newer members of disks. */
const packages = [
  'azure-mgmt-compute==39.0.0',
  'azure-mgmt-network==33.0.0',
  'azure-mgmt-resource==26.0.0',
  'azure-mgmt-core==1.6.0',
  'azure-core==1.41.0',
]

const roots: Readonly<Record<string, string>> = {
  virtualMachines: 'compute.VirtualMachine',
  disks: 'compute.Disk',
  networkInterfaces: 'network.NetworkInterface',
  publicIPAddresses: 'network.PublicIPAddress',
  networkSecurityGroups: 'network.NetworkSecurityGroup',
  applicationSecurityGroups: 'network.ApplicationSecurityGroup',
  virtualNetworks: 'network.VirtualNetwork',
  resourceGroups: 'resource.ResourceGroup',
}

/** Lists of words that Azure adds to every month. */
const open = ['compute.VirtualMachineSizeTypes']

/** What a request or an answer has that Azure's own packages do not have; none where all is well. */
export interface ArmModel {
  /** `operation` is the SDK's name: `virtualMachines.createOrUpdate`. */
  request(operation: string, body: unknown): readonly string[]
  answer(operation: string, body: unknown): readonly string[]
}

type Shapes = Readonly<Record<string, unknown>>

/** Azure's resources as its packages for Python describe them, installed and read once into the user's cache. */
export async function armModel(): Promise<ArmModel> {
  const signal = AbortSignal.timeout(600_000)
  const program = fileURLToPath(new URL('models.py', import.meta.url))
  const key = keyOf([packages, await readFile(program, 'utf8')])
  const folder = await cachedFolder(
    `azure-models-${key}`,
    async (target, call) => {
      const python = await pythonWith(packages, { ...call, progress: tell })
      await step(python, [program, join(target, 'models.json')], call)
    },
    { signal },
  )
  const shapes: unknown = JSON.parse(await readFile(join(folder, 'models.json'), 'utf8'))
  return described(record(shapes, 'models'))
}

const rootOf = (operation: string): string | undefined => roots[operation.split('.')[0] ?? '']

function described(shapes: Shapes): ArmModel {
  return {
    request(operation, body) {
      const root = rootOf(operation)
      const isChange = operation.endsWith('.createOrUpdate')
      return root === undefined || !isChange
        ? []
        : differs(shapes, `model:${root}`, { value: body, path: operation, isAsked: true })
    },
    answer(operation, body) {
      const root = rootOf(operation)
      if (root === undefined || !isRecord(body) || 'error' in body || operation.includes('retrieve'))
        return []
      const all = Array.isArray(body['value']) ? body['value'] : 'id' in body ? [body] : []
      return all.flatMap(value =>
        differs(shapes, `model:${root}`, { value, path: `${operation} answer`, isAsked: false }),
      )
    },
  }
}

interface Found {
  readonly value: unknown
  readonly path: string
  readonly isAsked: boolean
}

function differs(shapes: Shapes, type: string, found: Found): readonly string[] {
  const { value, path } = found
  const [kind, name] = [type.slice(0, type.indexOf(':')), type.slice(type.indexOf(':') + 1)]
  if (value === undefined || type === 'any') return []
  if (kind === 'model') return ofModel(shapes, name, found)
  if (kind === 'enum') return ofEnum(shapes, name, found)
  if (kind === 'list')
    return Array.isArray(value)
      ? value.flatMap((each, at) => differs(shapes, name, { ...found, value: each, path: `${path}[${at}]` }))
      : [`${path} is no list`]
  if (kind === 'map' || type === 'object') return isRecord(value) ? [] : [`${path} is no object`]
  const is = type === 'integer' || type === 'number' ? 'number' : type
  return typeof value === is ? [] : [`${path} is ${typeof value}, not ${is}`]
}

function ofEnum(shapes: Shapes, name: string, { value, path }: Found): readonly string[] {
  if (typeof value !== 'string') return [`${path} is no word`]
  const { values } = record(shapes[name], name)
  const isKnown = open.includes(name) || (Array.isArray(values) && values.includes(value))
  return isKnown ? [] : [`${path} is ${value}, which ${name} does not know`]
}

function ofModel(shapes: Shapes, name: string, { value, path, isAsked }: Found): readonly string[] {
  if (!isRecord(value)) return [`${path} is no object`]
  const members = record(record(shapes[name], name)['members'], name)
  return Object.entries(value).flatMap(([key, inner]) => {
    const known = members[key]
    if (!isRecord(known)) return [`${path}.${key} is not in ${name}`]
    if (isAsked && known['readOnly'] === true) return [`${path}.${key} is Azure's to write`]
    return differs(shapes, String(known['type']), { value: inner, path: `${path}.${key}`, isAsked })
  })
}
