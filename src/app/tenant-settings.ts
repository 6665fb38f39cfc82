import { list } from '../lib/option-kinds.ts'

/** What whoever creates clusters may do beside creating them. */
export const tenantSettings = {
  allowMachineIdentities: list({
    description:
      'Instance profiles (AWS), service accounts (Google Cloud) and managed identities (Azure) that clusters may give their machines, ' +
      'as they write them, with * for anything, separated by commas. Whoever may create a cluster then is each of them.',
    placeholder: 'NAME,...',
    default: [],
    defaultText: 'none',
  }),
} as const
