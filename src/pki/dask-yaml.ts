/** Where a pod mounts the client's Secret: Dask reads every YAML file there. */
const mounted = '/etc/dask'

export interface DaskYaml {
  /** Whether the client has a certificate to show: else it speaks plain TCP. */
  readonly isPlain?: boolean
  /** `tls://host:port`, or `tcp://` without TLS, as clients reach it, or undefined while nobody knows it. */
  readonly schedulerAddress: string | undefined
  /** Where the certificates are; where a pod mounts them unless given. */
  readonly folder?: string
}

/**
 * The configuration with which `distributed.Client()` needs no argument. Texts are quoted as JSON, which YAML reads,
 * so that no address can become anything else.
 */
export function renderDaskYaml({ schedulerAddress, isPlain = false, folder }: DaskYaml): string {
  const address =
    schedulerAddress === undefined ? [] : [`scheduler-address: ${JSON.stringify(schedulerAddress)}`]
  if (isPlain) return [...address, 'distributed:', '  comm:', '    require-encryption: false', ''].join('\n')
  const file = (name: string): string =>
    folder === undefined ? `${mounted}/${name}` : JSON.stringify(`${folder}/${name}`)
  return [
    ...address,
    'distributed:',
    '  comm:',
    '    require-encryption: true',
    '    tls:',
    `      ca-file: ${file('ca.crt')}`,
    '      client:',
    `        cert: ${file('tls.crt')}`,
    `        key: ${file('tls.key')}`,
    '',
  ].join('\n')
}
