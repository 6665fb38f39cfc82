/** What the operator's own surroundings call other servers than Google's by: the names that gcloud has for them. */
const variables = {
  token: 'CLOUDSDK_AUTH_TOKEN_HOST',
  credentials: 'CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS',
} as const

/** The audience of a service account's assertion, wherever it is sent to. */
export const googleTokenUrl = 'https://oauth2.googleapis.com/token'

export const tokenUrl = (): string => process.env[variables.token] || googleTokenUrl

/** Where a token of another service account is asked for. */
export const impersonationUrl = (email: string): string =>
  new URL(
    `v1/projects/-/serviceAccounts/${encodeURIComponent(email)}:generateAccessToken`,
    process.env[variables.credentials] || 'https://iamcredentials.googleapis.com/',
  ).href
