import { EC2Client } from '@aws-sdk/client-ec2'
import type { SSMClient } from '@aws-sdk/client-ssm'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import type { Call } from '../../lib/call.ts'
import { limited } from '../../lib/deadline.ts'
import { type AwsGate, awsGate, type CallName } from './calls.ts'
import { type AwsCredentials, patience, providerOf } from './credentials.ts'
import { translated } from './faults.ts'

export interface Where {
  readonly region: string
  readonly credentials: AwsCredentials | undefined
}

type Clients = {
  readonly region: string
  readonly maxAttempts: number
  readonly requestHandler: typeof patience
} & Partial<{
  readonly credentials: NonNullable<Awaited<ReturnType<typeof providerOf>>>
}>

interface Options {
  readonly abortSignal: AbortSignal
}

/** A call may wait for its turn and for its answer so long, whatever its caller has. */
const patienceMs = 30_000

const ended = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new DOMException('out of time', 'AbortError')), {
      once: true,
    })
  })

/**
 * One credential's way to one region. Every call passes `make`: it keeps to AWS's rates, is tried once (the house tries
 * again by itself, and knows what a second try may do), and fails with a CloudError and nothing else.
 */
export class AwsSession {
  readonly region: string
  readonly ec2: EC2Client
  readonly #clients: Clients
  #ssm: SSMClient | undefined
  #gate = awsGate()

  private constructor(clients: Clients) {
    this.region = clients.region
    this.#clients = clients
    this.ec2 = new EC2Client(clients)
  }

  static async open({ region, credentials }: Where): Promise<AwsSession> {
    const signer = await providerOf(credentials, region)
    return new AwsSession({
      region,
      maxAttempts: 1,
      requestHandler: patience,
      ...(signer === undefined ? {} : { credentials: signer }),
    })
  }

  /** Whose calls these are: one account's calls in a region share its rates, whatever credential they are signed with. */
  share(gate: AwsGate): void {
    this.#gate = gate
  }

  /** The account, by a call that needs no right at all: it proves the credential. */
  async account(call: Call): Promise<string> {
    const sts = new STSClient(this.#clients)
    try {
      const { Account } = await this.make('GetCallerIdentity', call, options =>
        sts.send(new GetCallerIdentityCommand({}), options),
      )
      return Account ?? ''
    } finally {
      sts.destroy()
    }
  }

  /** Parameters name images; most sessions never ask for one. */
  async parameter(name: string, call: Call): Promise<string | undefined> {
    const { GetParameterCommand, SSMClient: Client } = await import('@aws-sdk/client-ssm')
    this.#ssm ??= new Client(this.#clients)
    const ssm = this.#ssm
    const { Parameter } = await this.make('GetParameter', call, options =>
      ssm.send(new GetParameterCommand({ Name: name }), options),
    )
    return Parameter?.Value
  }

  /** `machines` are how many it asks for or ends, where it does. */
  async make<T>(
    name: CallName,
    call: Call,
    send: (options: Options) => Promise<T>,
    machines = 0,
  ): Promise<T> {
    return limited(patienceMs, call, async limit => {
      await this.#gate.pass(name, limit, machines)
      try {
        // An SDK may wait for credentials with no regard to the signal.
        return await Promise.race([send({ abortSignal: limit.signal }), ended(limit.signal)])
      } catch (error) {
        const known = translated(error, name)
        if (known.fault === 'throttled') this.#gate.told(name)
        throw known
      }
    })
  }

  close(): void {
    this.ec2.destroy()
    this.#ssm?.destroy()
  }
}
