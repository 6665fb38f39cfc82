import { randomBytes } from 'node:crypto'
import type { Datasource, Described, MetadataAnswer, MetadataRequest } from './datasource.ts'

const versions = ['2009-04-04', '2016-09-02', '2018-09-24', '2021-03-23', 'latest']
const tokenPath = '/latest/api/token'
const none: MetadataAnswer = { status: 404 }

type Tree = { readonly [name: string]: string | Tree }

/** EC2's, with IMDSv2 required: without a token of its own a machine hears nothing but 401. */
export function ec2Datasource(): Datasource {
  const tokens = new Map<string, string>()
  return {
    cloudConfig:
      "datasource_list: [ Ec2 ]\ndatasource: { Ec2: { metadata_urls: [ 'http://169.254.169.254' ] } }\nssh_genkeytypes: []\n",
    dmi: ({ uuid }) => ({
      product_uuid: `ec2${uuid.slice(3)}`,
      product_serial: `ec2${uuid.slice(3)}`,
      sys_vendor: 'Amazon EC2',
      product_name: 'm7i.large',
      chassis_asset_tag: 'Amazon EC2',
    }),
    files: () => ({}),
    answer(request, machine) {
      if (request.method === 'PUT') return token(request, machine, tokens)
      const shown = request.headers['x-aws-ec2-metadata-token']
      if (typeof shown !== 'string' || tokens.get(shown) !== machine.id) return { status: 401 }
      return read(request.path, machine)
    },
  }
}

function token(
  { path, headers }: MetadataRequest,
  { id }: Described,
  tokens: Map<string, string>,
): MetadataAnswer {
  if (path !== tokenPath || headers['x-aws-ec2-metadata-token-ttl-seconds'] === undefined)
    return { status: 400 }
  const made = randomBytes(32).toString('base64url')
  tokens.set(made, id)
  return { status: 200, body: made }
}

function read(path: string, machine: Described): MetadataAnswer {
  const [version = '', ...rest] = path.split('/').filter(part => part !== '')
  if (version === '') return { status: 200, body: versions.join('\n') }
  if (!versions.includes(version)) return none
  const [kind = '', ...names] = rest
  if (kind === 'user-data') return { status: 200, body: machine.userData }
  if (kind === 'dynamic') return dynamic(names, machine)
  const notice = machine.notices.get(names.join('/'))
  if (notice !== undefined) return { status: 200, body: notice }
  return kind === 'meta-data' ? walk(metadata(machine), names) : none
}

function dynamic(names: readonly string[], { id, ip, zone }: Described): MetadataAnswer {
  const document = {
    instanceId: id,
    region: zone.slice(0, -1),
    availabilityZone: zone,
    privateIp: ip,
    imageId: 'ami-0123456789abcdef0',
    accountId: '123456789012',
    architecture: 'x86_64',
  }
  return walk({ 'instance-identity': { document: JSON.stringify(document) } }, names)
}

function metadata({ id, ip, publicIp, mac, hostname, size, zone }: Described): Tree {
  const card = {
    'device-number': '0',
    'interface-id': `eni-${id.slice(2)}`,
    'local-ipv4s': ip,
    mac,
    'subnet-ipv4-cidr-block': '10.77.0.0/24',
    ...(publicIp === undefined ? {} : { 'public-ipv4s': publicIp }),
  }
  return {
    'ami-id': 'ami-0123456789abcdef0',
    'ami-launch-index': '0',
    'ami-manifest-path': '(unknown)',
    hostname,
    'instance-action': 'none',
    'instance-id': id,
    'instance-life-cycle': 'on-demand',
    'instance-type': size,
    'local-hostname': hostname,
    'local-ipv4': ip,
    ...(publicIp === undefined ? {} : { 'public-ipv4': publicIp }),
    mac,
    network: { interfaces: { macs: { [mac]: card } } },
    placement: { 'availability-zone': zone, region: zone.slice(0, -1) },
    profile: 'default-hvm',
    'public-keys': {},
    'reservation-id': `r-${id.slice(2)}`,
    'security-groups': 'dask',
  }
}

function walk(tree: Tree, names: readonly string[]): MetadataAnswer {
  let found: string | Tree | undefined = tree
  for (const name of names) found = typeof found === 'object' ? found[name] : undefined
  if (found === undefined) return none
  if (typeof found === 'string') return { status: 200, body: found }
  const lines = Object.entries(found).map(([name, inner]) => (typeof inner === 'string' ? name : `${name}/`))
  return { status: 200, body: lines.join('\n') }
}
