import type { Datasource, Described, MetadataAnswer } from './datasource.ts'

const root = '/computeMetadata/v1/'
const project = 'dask-project'
const none: MetadataAnswer = { status: 404 }

type Tree = { readonly [name: string]: string | Tree }

/** Google's: who does not name its flavour in a header hears nothing but 403. */
export const gceDatasource = (): Datasource => ({
  cloudConfig: 'datasource_list: [ GCE ]\nssh_genkeytypes: []\n',
  dmi: ({ uuid }) => ({
    product_uuid: uuid,
    product_serial: `GoogleCloud-${uuid.replaceAll('-', '').toUpperCase()}`,
    sys_vendor: 'Google',
    product_name: 'Google Compute Engine',
    bios_vendor: 'Google',
    board_name: 'Google Compute Engine',
  }),
  // As in Google's images: cloud-init asks by this name, and only where it can be resolved.
  files: () => ({
    '/etc/hosts': '127.0.0.1 localhost\n169.254.169.254 metadata.google.internal metadata\n',
  }),
  answer({ method, path, query = '', headers }, machine) {
    const isNamed = headers['metadata-flavor'] === 'Google' && headers['x-forwarded-for'] === undefined
    if (!isNamed) return { status: 403, body: 'Missing Metadata-Flavor:Google header.' }
    if (method !== 'GET') return { status: 405 }
    const isWhole = new URLSearchParams(query.toLowerCase()).get('recursive') === 'true'
    const answered = path.startsWith(root) ? read(path.slice(root.length), machine, isWhole) : none
    return { ...answered, headers: { 'metadata-flavor': 'Google', ...answered.headers } }
  },
})

/** A folder is read with a slash at its end, and as JSON where all of it is asked for. */
function read(path: string, machine: Described, isWhole: boolean): MetadataAnswer {
  let found: string | Tree | undefined = metadata(machine)
  for (const name of path.split('/').filter(part => part !== ''))
    found = typeof found === 'object' ? found[name] : undefined
  const later = machine.notices.get(path) ?? found
  if (later === undefined) return none
  if (typeof later === 'string') return { status: 200, body: later }
  if (path !== '' && !path.endsWith('/')) return { status: 301, headers: { location: `${root}${path}/` } }
  if (isWhole)
    return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(later) }
  const lines = Object.entries(later).map(([name, inner]) => (typeof inner === 'string' ? name : `${name}/`))
  return { status: 200, body: `${lines.join('\n')}\n` }
}

function metadata({ id, uuid, ip, publicIp, mac, size, zone, userData }: Described): Tree {
  const access = publicIp === undefined ? {} : { 0: { 'external-ip': publicIp, type: 'ONE_TO_ONE_NAT' } }
  const card = { ip, mac, mtu: '1460', network: 'projects/1/networks/default', 'access-configs': access }
  return {
    instance: {
      attributes: { 'user-data': userData.toString('utf8'), 'block-project-ssh-keys': 'TRUE' },
      hostname: `${id}.${zone}.c.${project}.internal`,
      id: String(BigInt(`0x${uuid.replaceAll('-', '').slice(0, 15)}`)),
      image: 'projects/ubuntu-os-cloud/global/images/ubuntu-2404-noble-amd64',
      'machine-type': `projects/1/machineTypes/${size}`,
      'maintenance-event': 'NONE',
      name: id,
      'network-interfaces': { 0: card },
      preempted: 'FALSE',
      'service-accounts': {},
      zone: `projects/1/zones/${zone}`,
    },
    project: { attributes: {}, 'numeric-project-id': '1', 'project-id': project },
  }
}
