/** What the operator's own surroundings call other servers than Azure's by: the names that Azure's own tools have for them. */
const variables = {
  manager: 'AZURE_RESOURCE_MANAGER_ENDPOINT',
  audience: 'AZURE_RESOURCE_MANAGER_AUDIENCE',
  authority: 'AZURE_AUTHORITY_HOST',
} as const

/** Those that answer for one another. Of any other Microsoft knows nothing. */
const knownAuthorities: readonly string[] = [
  'login.microsoftonline.com',
  'login.microsoftonline.us',
  'login.chinacloudapi.cn',
  'login.partner.microsoftonline.cn',
]

const withoutSlash = (url: string): string => url.replace(/\/+$/, '')

/** Azure Resource Manager, without a slash behind it. */
export const resourceManager = (): string =>
  withoutSlash(process.env[variables.manager] || 'https://management.azure.com')

/** What a token is asked for: all that its principal may do with Resource Manager. */
export const tokenScope = (): string =>
  `${withoutSlash(process.env[variables.audience] || resourceManager())}/.default`

/** Who gives tokens, as Azure's library takes it. */
export function authority(): { readonly authorityHost: string; readonly disableInstanceDiscovery: boolean } {
  const authorityHost = withoutSlash(process.env[variables.authority] || 'https://login.microsoftonline.com')
  const host = URL.canParse(authorityHost) ? new URL(authorityHost).host : authorityHost
  return { authorityHost, disableInstanceDiscovery: !knownAuthorities.includes(host) }
}
