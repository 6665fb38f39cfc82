import type { Datasource, Described, MetadataAnswer } from './datasource.ts'

/** Stands for the drive that a droplet finds at its first boot: cloud-init's own way of asking DigitalOcean is given up for it. */
const drive = '/var/lib/cloud/seed/config_drive/openstack/latest'

/** DigitalOcean's: a drive, and a metadata service that answers whoever asks, and tells everything at once, too. */
export const digitalOceanDatasource = (): Datasource => ({
  cloudConfig: 'datasource_list: [ ConfigDrive ]\nssh_genkeytypes: []\n',
  dmi: ({ id, uuid }) => ({
    sys_vendor: 'DigitalOcean',
    product_name: 'Droplet',
    product_serial: id,
    product_uuid: uuid,
    bios_vendor: 'DigitalOcean',
  }),
  files: ({ uuid, hostname, zone, userData }) => ({
    [`${drive}/meta_data.json`]: JSON.stringify({
      // Nobody has documented that it is the droplet's number: nothing here goes by it.
      uuid,
      hostname,
      availability_zone: zone,
      public_keys: {},
    }),
    [`${drive}/user_data`]: userData.toString('utf8'),
  }),
  answer({ method, path }, machine) {
    if (method !== 'GET') return { status: 405 }
    if (path === '/metadata/v1.json') return json(described(machine))
    const told = plain(machine)[path.replace(/^\/metadata\/v1\//, '').replace(/\/$/, '')]
    return told === undefined || !path.startsWith('/metadata/v1/')
      ? { status: 404 }
      : { status: 200, body: told }
  },
})

const json = (body: object): MetadataAnswer => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

const plain = ({ id, hostname, zone, userData }: Described): Readonly<Record<string, string>> => ({
  id,
  hostname,
  region: zone,
  'user-data': userData.toString('utf8'),
})

const card = (address: string) => ({ ip_address: address, netmask: '255.255.255.0', gateway: '10.77.0.1' })

function described({ id, hostname, ip, publicIp, mac, zone, userData }: Described): object {
  const numbers = { private: [{ ipv4: card(ip), mac, type: 'private' }] }
  return {
    droplet_id: Number(id),
    hostname,
    vendor_data: '',
    user_data: userData.toString('utf8'),
    public_keys: [],
    auth_key: '',
    region: zone,
    interfaces:
      publicIp === undefined
        ? numbers
        : { ...numbers, public: [{ ipv4: card(publicIp), mac, type: 'public' }] },
    dns: { nameservers: ['67.207.67.2', '67.207.67.3'] },
    features: { dhcp_enabled: true },
    tags: [],
  }
}
