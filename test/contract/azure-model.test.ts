import { expect, test } from 'vitest'
import { machineNamed } from '../../src/clouds/azure/launching.ts'
import { parseSettings } from '../../src/clouds/azure/settings.ts'
import { armModel } from '../support/azure/model.ts'
import { aLaunchRequest } from '../support/launch-request.ts'

const put = 'virtualMachines.createOrUpdate'
const model = await armModel()

const good = {
  location: 'westeurope',
  tags: { a: 'b' },
  properties: {
    hardwareProfile: { vmSize: 'Standard_NewlyInvented_v9' },
    networkProfile: {
      networkApiVersion: '2022-11-01',
      networkInterfaceConfigurations: [
        {
          name: 'nic',
          tags: {},
          properties: { primary: true, deleteOption: 'Delete', ipConfigurations: [] },
        },
      ],
    },
  },
}

test('what Azure describes is as it is to be', () => {
  expect(model.request(put, good)).toEqual([])
})

test.each([
  [{ ...good, colour: 'red' }, `${put}.colour is not in compute.VirtualMachine`],
  [{ ...good, location: 7 }, `${put}.location is number, not string`],
  [{ ...good, etag: 'x' }, `${put}.etag is Azure's to write`],
  [{ ...good, zones: '1' }, `${put}.zones is no list`],
  [
    { ...good, properties: { priority: 'Cheap' } },
    `${put}.properties.priority is Cheap, which compute.VirtualMachinePriorityTypes does not know`,
  ],
  [
    { ...good, properties: { osProfile: { computerName: true } } },
    `${put}.properties.osProfile.computerName is boolean, not string`,
  ],
])('what is not as Azure describes it is told: %#', (body, says) => {
  expect(model.request(put, body)).toEqual([says])
})

test('in answers, what only Azure writes may stand, and nothing that it does not know', () => {
  const answer = { id: '/x', name: 'x', etag: 'y', properties: { ipAddress: '1.2.3.4', colour: 'red' } }
  expect(model.answer('publicIPAddresses.listAll', { value: [answer] })).toEqual([
    'publicIPAddresses.listAll answer.properties.colour is not in network.PublicIPAddressPropertiesFormat',
  ])
})

test('of every choice that a user has, the machine that is asked for has the fields that the SDK knows', () => {
  const group = '/subscriptions/0f8fad5b-d9cb-469f-a165-70867728950e/resourceGroups/g/providers'
  const settings = parseSettings(
    {
      subscriptionId: '0f8fad5b-d9cb-469f-a165-70867728950e',
      location: 'westeurope',
      identities: [`${group}/Microsoft.ManagedIdentity/userAssignedIdentities/me`],
      encryptionAtHost: true,
      osDisk: {
        sizeGiB: 64,
        ephemeral: true,
        diskEncryptionSetId: `${group}/Microsoft.Compute/diskEncryptionSets/ours`,
      },
    },
    'spec.cloud.azure',
  )
  const offering = 'Standard_D4ds_v5 2 Spot acme:dask-gpu:cuda:1.0.0 64 TrustedLaunch CacheDisk Plan'
  const machine = machineNamed('dask-0', aLaunchRequest({ offering, userData: 'text' }), settings, {
    handle: { group: 'g', subnetId: '/subnet' },
    subscriptionId: settings.subscriptionId,
    tags: {},
    sshPublicKey: 'ssh-ed25519 AAAA',
    diskOf: name => `${name}-disk`,
  })
  expect(machine).toMatchObject({
    zones: ['2'],
    priority: 'Spot',
    evictionPolicy: 'Delete',
    plan: { publisher: 'acme', product: 'dask-gpu', name: 'cuda' },
    identity: { type: 'UserAssigned' },
    securityProfile: { securityType: 'TrustedLaunch', encryptionAtHost: true },
    storageProfile: {
      osDisk: {
        diskSizeGB: 64,
        diffDiskSettings: { option: 'Local', placement: 'CacheDisk' },
        managedDisk: { diskEncryptionSet: { id: expect.stringContaining('ours') } },
      },
    },
  })
})
