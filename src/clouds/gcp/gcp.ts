import { record } from '../../lib/parse.ts'
import { defineCloud } from '../contract.ts'
import { type GcpCredentials, parseCredentials } from './credentials.ts'
import { type GcpSettings, machineIntent, parseSettings } from './settings.ts'

/** The lists of a project span its regions: which one these settings name decides nothing. */
const anyRegion = 'us-central1'

/** Google Compute Engine. Its SDK is loaded with the first cluster that uses it. */
export const gcp = defineCloud<GcpSettings, GcpCredentials>({
  name: 'gcp',
  parse: parseSettings,
  essentials(raw) {
    const { project, region } = record(raw, '')
    return { project, region }
  },
  intent: machineIntent,
  identities: ({ serviceAccount }) =>
    serviceAccount === undefined ? [] : [{ path: 'serviceAccount.email', name: serviceAccount.email }],
  ambient: projects => projects.map(project => parseSettings({ project, region: anyRegion }, 'project')),
  connection: settings => settings,
  credentials: parseCredentials,
  async connect(settings, credentials, context) {
    const { connectGcp } = await import('./connect.ts')
    return connectGcp(settings, credentials, context)
  },
})
