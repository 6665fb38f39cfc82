/** How a machine learns who it is at its first boot: each cloud's own way, as far as it is the machine's matter. */
export interface Datasource {
  /** A file of cloud-init's configuration, as the cloud's image has it. */
  readonly cloudConfig: string
  /** DMI, by file name. */
  dmi(machine: Described): Readonly<Record<string, string>>
  /** Files that an image or a drive of that cloud brings, by path in the machine. */
  files(machine: Described): Readonly<Record<string, string>>
  /** The answer of the cloud's metadata service to one machine. */
  answer(request: MetadataRequest, machine: Described): MetadataAnswer
}

export interface Described {
  /** The cloud's own name of it. */
  readonly id: string
  readonly uuid: string
  readonly hostname: string
  readonly mac: string
  readonly ip: string
  /** Undefined where it has none. */
  readonly publicIp: string | undefined
  readonly size: string
  readonly zone: string
  /** As the cloud got it: perhaps compressed. */
  readonly userData: Buffer
  /** Metadata that comes later, by path: a notice that a spot machine is taken back. */
  readonly notices: ReadonlyMap<string, string>
}

export interface MetadataRequest {
  readonly method: string
  readonly path: string
  /** What follows the question mark; empty where none does. */
  readonly query?: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

export interface MetadataAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}
