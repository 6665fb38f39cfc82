import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Datasource, Described } from './datasource.ts'

const run = promisify(execFile)
export const ip = async (...args: readonly string[]): Promise<void> => void (await run('ip', [...args]))

/** Addresses of the network that machines are in; the test process has the first. */
export const gateway = '10.77.0.1'
export const addressOf = (index: number): string => `10.77.0.${10 + index}`
export const macOf = (index: number): string => `02:77:00:00:00:${(10 + index).toString(16).padStart(2, '0')}`
/** Servers of the room itself. */
export const registryName = 'registry.internal'
const internalNames = ['pypi.internal', registryName]
/** The metadata service of every cloud, and what Azure has beside it. */
const metadataAddresses = ['169.254.169.254', '168.63.129.16']

/**
 * A network without a way out, in the network namespace that this process is already in: a bridge, DHCP and DNS on it,
 * and the metadata service, which tells machines apart by the card that they ask from.
 */
export class MachineNetwork implements AsyncDisposable {
  readonly #folder: string
  readonly #source: Datasource
  readonly #machines = new Map<string, Described>()
  #dns: ChildProcess | undefined
  #metadata: readonly Server[] = []

  private constructor(folder: string, source: Datasource) {
    this.#folder = folder
    this.#source = source
  }

  static async open(folder: string, source: Datasource): Promise<MachineNetwork> {
    const network = new MachineNetwork(folder, source)
    await mkdir(join(folder, 'hosts'), { recursive: true })
    await ip('link', 'set', 'lo', 'up')
    await ip('link', 'add', 'br0', 'type', 'bridge')
    await ip('addr', 'add', `${gateway}/24`, 'dev', 'br0')
    for (const address of metadataAddresses) await ip('addr', 'add', `${address}/16`, 'dev', 'br0')
    await ip('link', 'set', 'br0', 'up')
    network.#dns = network.#serveNames()
    network.#metadata = metadataAddresses.map(address => network.#serveMetadata().listen(80, address))
    await Promise.all(network.#metadata.map(server => once(server, 'listening')))
    return network
  }

  #serveMetadata(): Server {
    return createServer((request, response) => {
      const { method = 'GET', url = '/', headers, socket } = request
      const machine = this.#machines.get(cardOf(socket.remoteAddress ?? '') ?? '')
      const [path = url, query = ''] = url.split('?')
      const answer =
        machine === undefined
          ? { status: 404 }
          : this.#source.answer({ method, path, query, headers }, machine)
      response.writeHead(answer.status, { 'content-type': 'text/plain', ...answer.headers })
      response.end(answer.body)
    })
  }

  get source(): Datasource {
    return this.#source
  }

  /** Gives a machine its address, and the metadata service its name. */
  async add(machine: Described): Promise<void> {
    this.#machines.set(machine.mac, machine)
    const line = `${machine.mac},${machine.ip},${machine.hostname}\n`
    await writeFile(join(this.#folder, 'hosts', machine.hostname), line)
  }

  async remove({ mac, hostname }: Described): Promise<void> {
    this.#machines.delete(mac)
    await rm(join(this.#folder, 'hosts', hostname), { force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#metadata) {
      server.closeAllConnections()
      server.close()
    }
    if (this.#dns !== undefined && this.#dns.exitCode === null) {
      this.#dns.kill()
      await once(this.#dns, 'exit')
    }
    await ip('link', 'del', 'br0').catch(() => undefined)
  }

  /**
   * Option 121 must name the network itself too, or machines cannot reach each other. Every name but the index's is
   * unknown: cloud-init's look-ups end at once.
   */
  #serveNames(): ChildProcess {
    const beside = metadataAddresses.map(address => `${address}/32,${gateway}`)
    const routes = ['10.77.0.0/24,0.0.0.0', `0.0.0.0/0,${gateway}`, ...beside].join(',')
    const child = spawn(
      'dnsmasq',
      [
        '--keep-in-foreground',
        '--conf-file=/dev/null',
        '--no-resolv',
        '--no-hosts',
        '--user=root',
        `--pid-file=${join(this.#folder, 'dnsmasq.pid')}`,
        '--interface=br0',
        '--bind-interfaces',
        '--dhcp-authoritative',
        '--dhcp-range=10.77.0.0,static,255.255.255.0,1h',
        `--dhcp-hostsdir=${join(this.#folder, 'hosts')}`,
        `--dhcp-leasefile=${join(this.#folder, 'leases')}`,
        `--dhcp-option=option:router,${gateway}`,
        `--dhcp-option=option:dns-server,${gateway}`,
        `--dhcp-option=121,${routes}`,
        // By which Azure's machines find the wire server.
        '--dhcp-option=245,168.63.129.16',
        '--address=/#/',
        ...internalNames.map(name => `--address=/${name}/${gateway}`),
      ],
      { stdio: 'ignore' },
    )
    return child
  }
}

/** Which card an address was last heard from. Machines have addresses that they chose themselves before DHCP. */
function cardOf(address: string): string | undefined {
  const plain = address.replace('::ffff:', '')
  const lines = readFileSync('/proc/net/arp', 'utf8').split('\n')
  return lines.map(line => line.split(/\s+/)).find(([host]) => host === plain)?.[3]
}
