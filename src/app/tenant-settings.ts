import { list, words } from '../lib/option-kinds.ts'

/** What whoever creates clusters may do beside creating them. */
export const tenantSettings = {
  classes: words({
    description:
      'Whether DaskCloudClasses are served, and clusters that name one: with auto where their definition is installed and may be read when the operator ' +
      'starts to lead, and no --watch-namespaces are given, since classes are of the whole cluster.',
    values: ['auto', 'on', 'off'],
    default: 'auto',
  }),
  allowMachineIdentities: list({
    description:
      'Instance profiles (AWS), service accounts (Google Cloud) and managed identities (Azure) that clusters may give their machines, ' +
      'as they write them, with * for anything, separated by commas. Whoever may create a cluster then is each of them.',
    placeholder: 'NAME,...',
    default: [],
    defaultText: 'none',
  }),
} as const
