import type { Datasource, Described, MetadataAnswer } from './datasource.ts'

/** Azure's: who does not ask for metadata in a header hears nothing but 400. */
export const azureDatasource = (): Datasource => ({
  cloudConfig: 'datasource_list: [ Azure ]\nssh_genkeytypes: []\n',
  dmi: ({ uuid }) => ({
    // By which cloud-init knows Azure.
    chassis_asset_tag: '7783-7084-3265-9085-8269-3286-77',
    sys_vendor: 'Microsoft Corporation',
    product_name: 'Virtual Machine',
    product_uuid: uuid,
  }),
  // Stands for the drive that a machine finds at its first boot.
  files: ({ id, userData }) => ({ '/var/lib/cloud/seed/azure/ovf-env.xml': environmentFile(id, userData) }),
  answer({ method, path, query = '', headers }, machine) {
    if (path.startsWith('/machine')) return wire(method, machine)
    if (headers['metadata'] !== 'true') return { status: 400, body: 'Required metadata header not specified' }
    const asked = new URLSearchParams(query)
    if (asked.get('api-version') === null) return { status: 400, body: 'No api-version was specified' }
    if (path === '/metadata/scheduledevents') return json(eventsOf(machine))
    if (path === '/metadata/instance/compute/name') return { status: 200, body: machine.id }
    return path === '/metadata/instance' ? json(instanceOf(machine)) : { status: 404 }
  },
})

const json = (body: object): MetadataAnswer => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

/** A notice is the kind of an event, by its id. */
const eventsOf = ({ id, notices }: Described): object => ({
  DocumentIncarnation: notices.size,
  Events: [...notices].map(([event, kind]) => ({
    EventId: event,
    EventStatus: 'Scheduled',
    EventType: kind.split(' ')[0],
    ResourceType: 'VirtualMachine',
    Resources: [kind.split(' ')[1] ?? id],
    NotBefore: 'Mon, 19 Sep 2026 18:29:47 GMT',
    EventSource: 'Platform',
  })),
})

function instanceOf({ id, uuid, ip, publicIp, mac, size, zone }: Described): object {
  const address = { privateIpAddress: ip, publicIpAddress: publicIp ?? '' }
  return {
    compute: {
      location: 'westeurope',
      name: id,
      vmId: uuid,
      vmSize: size,
      zone,
      osProfile: { adminUsername: 'azureuser', computerName: id, disablePasswordAuthentication: 'true' },
      publicKeys: [],
      userData: '',
    },
    network: {
      interface: [
        {
          ipv4: { ipAddress: [address], subnet: [{ address: '10.77.0.0', prefix: '24' }] },
          ipv6: { ipAddress: [] },
          macAddress: mac.replaceAll(':', '').toUpperCase(),
        },
      ],
    },
  }
}

/** The wire server: a machine's goal, and where it says that it has come up. */
function wire(method: string, { uuid }: Described): MetadataAnswer {
  if (method === 'POST') return { status: 200 }
  return {
    status: 200,
    headers: { 'content-type': 'text/xml' },
    body: `<?xml version="1.0" encoding="utf-8"?><GoalState><Version>2012-11-30</Version><Incarnation>1</Incarnation><Machine><ExpectedState>Started</ExpectedState></Machine><Container><ContainerId>c1</ContainerId><RoleInstanceList><RoleInstance><InstanceId>${uuid}</InstanceId><State>Started</State><Configuration><ExtensionsConfig></ExtensionsConfig></Configuration></RoleInstance></RoleInstanceList></Container></GoalState>`,
  }
}

const environmentFile = (name: string, customData: Buffer): string =>
  `<?xml version="1.0" encoding="utf-8"?><ns0:Environment xmlns:ns0="http://schemas.dmtf.org/ovf/environment/1" xmlns:ns1="http://schemas.microsoft.com/windowsazure" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><ns1:ProvisioningSection><ns1:Version>1.0</ns1:Version><ns1:LinuxProvisioningConfigurationSet><ns1:ConfigurationSetType>LinuxProvisioningConfiguration</ns1:ConfigurationSetType><ns1:UserName>azureuser</ns1:UserName><ns1:HostName>${name}</ns1:HostName><ns1:DisableSshPasswordAuthentication>true</ns1:DisableSshPasswordAuthentication><ns1:CustomData>${customData.toString('base64')}</ns1:CustomData></ns1:LinuxProvisioningConfigurationSet></ns1:ProvisioningSection><ns1:PlatformSettingsSection><ns1:Version>1.0</ns1:Version><ns1:PlatformSettings><ns1:ProvisionGuestAgent>false</ns1:ProvisionGuestAgent></ns1:PlatformSettings></ns1:PlatformSettingsSection></ns0:Environment>`
