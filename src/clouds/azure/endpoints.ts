/**
 * What the operator's own surroundings call other servers than Azure's by: the names that Azure's SDK and Azure Service
 * Operator have for them.
 */
const variables = {
  manager: 'AZURE_RESOURCE_MANAGER_ENDPOINT',
  audience: 'AZURE_RESOURCE_MANAGER_AUDIENCE',
  authority: 'AZURE_AUTHORITY_HOST',
} as const

/** Where Resource Manager is, and whom its tokens are for. */
export interface ManagerPlace {
  readonly endpoint: string
  readonly audience: string
}

const trimmed = (url: string): string => url.replace(/\/+$/, '')

export function placeIn(environment: NodeJS.ProcessEnv): ManagerPlace {
  const endpoint = trimmed(environment[variables.manager] || 'https://management.azure.com')
  return { endpoint, audience: trimmed(environment[variables.audience] || endpoint) }
}

/** Those of Microsoft: any other cannot be looked up there, and is taken at its word. */
const known = [
  'https://login.microsoftonline.com',
  'https://login.microsoftonline.us',
  'https://login.chinacloudapi.cn',
  'https://login.partner.microsoftonline.cn',
]

/** Where tokens are asked for. */
export function authorityIn(environment: NodeJS.ProcessEnv): {
  readonly authorityHost: string
  readonly disableInstanceDiscovery: boolean
} {
  const authorityHost = trimmed(environment[variables.authority] || 'https://login.microsoftonline.com')
  return { authorityHost, disableInstanceDiscovery: !known.includes(authorityHost) }
}
