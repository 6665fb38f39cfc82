import { record } from '../../lib/parse.ts'
import { defineCloud } from '../contract.ts'
import { type AwsCredentials, parseCredentials } from './credentials.ts'
import { type AwsSettings, machineIntent, parseSettings } from './settings.ts'

/** Amazon EC2. Its SDK is loaded with the first cluster that uses it. */
export const aws = defineCloud<AwsSettings, AwsCredentials>({
  name: 'aws',
  parse: parseSettings,
  essentials: raw => ({ region: record(raw, '')['region'] }),
  intent: machineIntent,
  identities: ({ instanceProfile }) =>
    instanceProfile === undefined ? [] : [{ path: 'instanceProfile', name: instanceProfile }],
  ambient: regions => regions.map(region => parseSettings({ region }, 'region')),
  connection: settings => settings,
  credentials: parseCredentials,
  async connect(settings, credentials, context) {
    const { connectAws } = await import('./connect.ts')
    return connectAws(settings, credentials, context)
  },
})
