import { record } from '../../lib/parse.ts'
import { defineCloud } from '../contract.ts'
import { type AzureCredentials, parseCredentials } from './credentials.ts'
import { type AzureSettings, machineIntent, parseSettings } from './settings.ts'

/** Lists are of a whole subscription: which location these settings name decides nothing. */
const anyLocation = 'westeurope'

/** Azure virtual machines. Its SDKs are loaded with the first cluster that uses them. */
export const azure = defineCloud<AzureSettings, AzureCredentials>({
  name: 'azure',
  parse: parseSettings,
  essentials(raw) {
    const { subscriptionId, location, resourceGroup } = record(raw, '')
    return { subscriptionId, location, resourceGroup }
  },
  intent: machineIntent,
  identities: ({ identities }) => identities.map((name, at) => ({ path: `identities[${at}]`, name })),
  ambient: subscriptions =>
    subscriptions.map(subscriptionId =>
      parseSettings({ subscriptionId, location: anyLocation }, 'subscriptionId'),
    ),
  connection: settings => settings,
  credentials: parseCredentials,
  async connect(settings, credentials, context) {
    const { connectAzure } = await import('./connect.ts')
    return connectAzure(settings, credentials, context)
  },
})
