/** Where a pod mounts the client's Secret: Dask reads every YAML file there. */
const folder = '/etc/dask'

export interface DaskYaml {
  /** Whether the client has a certificate to show: else it speaks plain TCP. */
  readonly isPlain?: boolean
  /** `tls://host:port`, or `tcp://` without TLS, as clients reach it, or undefined while nobody knows it. */
  readonly schedulerAddress: string | undefined
}

/**
 * The configuration with which `distributed.Client()` needs no argument. Texts are quoted as JSON, which YAML reads,
 * so that no address can become anything else.
 */
export function renderDaskYaml({ schedulerAddress, isPlain = false }: DaskYaml): string {
  const address =
    schedulerAddress === undefined ? [] : [`scheduler-address: ${JSON.stringify(schedulerAddress)}`]
  if (isPlain) return [...address, 'distributed:', '  comm:', '    require-encryption: false', ''].join('\n')
  return [
    ...address,
    'distributed:',
    '  comm:',
    '    require-encryption: true',
    '    tls:',
    `      ca-file: ${folder}/ca.crt`,
    '      client:',
    `        cert: ${folder}/tls.crt`,
    `        key: ${folder}/tls.key`,
    '',
  ].join('\n')
}
