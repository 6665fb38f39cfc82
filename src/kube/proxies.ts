import { BlockList, isIP } from 'node:net'
import { misconfigured } from './access.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The proxy between us and a server, as kubectl finds it: the kubeconfig's `proxy-url`, or else HTTPS_PROXY (HTTP_PROXY
 * for plain HTTP) unless NO_PROXY has the server. Throws a KubeError that names the field.
 */
export function proxyFor(server: string, given: string | undefined, env: Environment): string | undefined {
  if (given !== undefined) return supported(given, 'proxy-url of the kubeconfig')
  const { protocol, hostname, port } = new URL(server)
  const isPlain = protocol === 'http:'
  const [name, value] = variable(env, isPlain ? 'HTTP_PROXY' : 'HTTPS_PROXY')
  if (value === '') return undefined
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const [, exceptions] = variable(env, 'NO_PROXY')
  if (isExcepted(host, port || (isPlain ? '80' : '443'), exceptions)) return undefined
  return supported(value.includes('://') ? value : `http://${value}`, name)
}

/** Capitals win, as in Go. */
function variable(env: Environment, name: string): readonly [string, string] {
  const small = name.toLowerCase()
  return env[name] ? [name, env[name]] : [small, env[small] ?? '']
}

/** What was found is shown without its password. */
function supported(proxy: string, field: string): string {
  const url = URL.parse(proxy)
  if (url === null) throw misconfigured(`${field} must be a URL such as http://proxy.example.com:3128`)
  if (url.protocol === 'http:' || url.protocol === 'https:') return proxy
  const found = `${url.protocol}//${url.host}`
  throw misconfigured(
    `${field} must begin with http:// or https://, found ${found}: SOCKS is not supported here`,
  )
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** This computer never; then names with all below them, `.name` with only those, addresses, ranges, each with a port or without. */
function isExcepted(host: string, port: string, exceptions: string): boolean {
  if (host === 'localhost' || contains(loopback, host)) return true
  const entries = exceptions.split(',').map(entry => entry.trim().toLowerCase())
  return entries.some(entry => entry === '*' || (entry !== '' && matches(entry, host, port)))
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry.includes('/')) return contains(range(entry), host)
  const [, name = entry, wantedPort = port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(entry) ?? []
  if (wantedPort !== port) return false
  const bare = name.replace(/^\[|\]$/g, '').replace(/^\*(?=\.)/, '')
  if (isIP(bare) !== 0 || isIP(host) !== 0) return contains(single(bare), host)
  return bare.startsWith('.') ? host.endsWith(bare) : host === bare || host.endsWith(`.${bare}`)
}

const family = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

const contains = (addresses: BlockList, host: string): boolean =>
  isIP(host) !== 0 && addresses.check(host, family(host))

function single(address: string): BlockList {
  const one = new BlockList()
  if (isIP(address) !== 0) one.addAddress(address, family(address))
  return one
}

function range(entry: string): BlockList {
  const all = new BlockList()
  const [address = '', bits = ''] = entry.split('/')
  const most = isIP(address) === 6 ? 128 : 32
  if (isIP(address) !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= most) {
    all.addSubnet(address, Number(bits), family(address))
  }
  return all
}
