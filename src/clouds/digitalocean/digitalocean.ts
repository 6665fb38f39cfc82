import { record } from '../../lib/parse.ts'
import { defineCloud } from '../contract.ts'
import { type DigitalOceanCredentials, parseCredentials } from './credentials.ts'
import { type DigitalOceanSettings, machineIntent, parseSettings } from './settings.ts'

/** Lists are of a whole team: which region these settings name decides nothing. */
const anyRegion = 'nyc3'

/** DigitalOcean droplets. Its client is loaded with the first cluster that uses it. */
export const digitalOcean = defineCloud<DigitalOceanSettings, DigitalOceanCredentials>({
  name: 'digitalOcean',
  parse: parseSettings,
  essentials(raw) {
    const { region } = record(raw, '')
    return { region }
  },
  intent: machineIntent,
  // A token is one team's: there is nothing to name. Whoever only sweeps makes no firewall.
  ambient: () => [parseSettings({ region: anyRegion, firewall: 'None' }, 'region')],
  connection: settings => settings,
  credentials: parseCredentials,
  async connect(settings, credentials, context) {
    const { connectDigitalOcean } = await import('./connect.ts')
    return connectDigitalOcean(settings, credentials, context)
  },
})
