import type { World } from './ec2.ts'
import { Ec2Failure } from './failure.ts'
import { Form } from './form.ts'
import {
  authorizeIngress,
  createSecurityGroup,
  deleteSecurityGroup,
  describeSecurityGroups,
  revokeIngress,
} from './groups.ts'
import { createTags, describeInstances, getConsoleOutput, terminateInstances } from './instances.ts'
import {
  allocateAddress,
  associateAddress,
  createNetworkInterface,
  deleteNetworkInterface,
  describeAddresses,
  describeNetworkInterfaces,
  disassociateAddress,
  releaseAddress,
} from './interfaces.ts'
import { runInstances } from './launches.ts'
import { describeImages, describeInstanceTypes, describeSubnets, describeVpcs } from './looking.ts'
import type { Model } from './model.ts'
import { type Region, requestId, settle } from './world.ts'
import type { Members } from './xml.ts'

export interface Entry {
  readonly service: string
  readonly action: string
  readonly at: number
  readonly account: string
  /** User data left out: it holds keys. */
  readonly params: Readonly<Record<string, string>>
  /** The code of the error it was answered with. */
  code?: string
  /** Where the request and its answer differ from EC2's own description. */
  differs?: readonly string[]
}
export type Ledger = Entry[]

/** A request as its signature and its parameters tell it. */
export interface Ask {
  readonly service: string
  readonly action: string
  readonly key: string
  readonly region: string
  readonly params: ReadonlyMap<string, string>
}

type Act = (region: Region, form: Form, asked: string) => Members

const actions: Readonly<Record<string, Act>> = {
  RunInstances: runInstances,
  DescribeInstances: describeInstances,
  TerminateInstances: terminateInstances,
  GetConsoleOutput: getConsoleOutput,
  DescribeImages: describeImages,
  DescribeInstanceTypes: describeInstanceTypes,
  DescribeSubnets: describeSubnets,
  DescribeVpcs: describeVpcs,
  CreateTags: createTags,
  CreateSecurityGroup: createSecurityGroup,
  DescribeSecurityGroups: describeSecurityGroups,
  AuthorizeSecurityGroupIngress: authorizeIngress,
  RevokeSecurityGroupIngress: revokeIngress,
  DeleteSecurityGroup: deleteSecurityGroup,
  CreateNetworkInterface: createNetworkInterface,
  DescribeNetworkInterfaces: describeNetworkInterfaces,
  DeleteNetworkInterface: deleteNetworkInterface,
  AllocateAddress: allocateAddress,
  DescribeAddresses: describeAddresses,
  AssociateAddress: associateAddress,
  DisassociateAddress: disassociateAddress,
  ReleaseAddress: releaseAddress,
}

interface Surroundings {
  readonly world: World
  readonly ledger: Ledger
  readonly now: () => number
  readonly rates: 'documented' | 'unlimited'
  readonly model: Model | undefined
}

/** Takes requests, writes them down and carries them out, as far as who asks may do that. */
export class Desk {
  readonly #around: Surroundings
  readonly #times = new Map<string, number>()

  constructor(around: Surroundings) {
    this.#around = around
  }

  /** The how-manieth request of its action this one is. Keys that nobody has are an Ec2Failure. */
  note({ service, action, key, params }: Ask): { readonly nth: number; readonly entry: Entry } {
    const { ledger, now, world } = this.#around
    const nth = (this.#times.get(action) ?? 0) + 1
    this.#times.set(action, nth)
    const shown = Object.fromEntries([...params].filter(([name]) => name !== 'UserData'))
    const account = world.keys.get(key)?.account ?? ''
    const entry: Entry = { service, action, at: now(), account, params: shown }
    ledger.push(entry)
    return { nth, entry }
  }

  /** Throws an Ec2Failure for keys that nobody has, and for what they may not do. */
  admit({ service, action, key }: Ask): void {
    const found = this.#around.world.keys.get(key)
    if (found === undefined) {
      const code =
        { ec2: 'AuthFailure', ssm: 'UnrecognizedClientException' }[service] ?? 'InvalidClientTokenId'
      throw new Ec2Failure(code, 'AWS was not able to validate the provided access credentials', 401)
    }
    if (service === 'sts' || found.may?.has(action) !== false) return
    const words = `You are not authorized to perform this operation. Encoded authorization failure message: ${requestId().repeat(4)}`
    throw new Ec2Failure('UnauthorizedOperation', words, 403)
  }

  /** Carries one out on EC2. */
  act({ action, key, region: name, params }: Ask): Members {
    const { world } = this.#around
    const act = Object.hasOwn(actions, action) ? actions[action] : undefined
    if (act === undefined)
      throw new Ec2Failure('InvalidAction', `The action ${action} is not valid for this web service.`)
    const region = world.region(world.keys.get(key)?.account ?? '', name)
    settle(region)
    const names = [...params.keys()]
    const isWhole = !names.some(each => /^Filter\.|^MaxResults$|Id\.1$/.test(each))
    if (this.#around.rates === 'documented') region.buckets.takeRequest(action, isWhole)
    const form = new Form(params)
    if (form.flag('DryRun') === true)
      throw new Ec2Failure('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412)
    const answer = act(region, form, JSON.stringify([...params].toSorted(([a], [b]) => (a < b ? -1 : 1))))
    form.noOthers()
    return answer
  }

  account({ key }: Ask): string {
    return this.#around.world.keys.get(key)?.account ?? ''
  }

  compare({ action, params }: Ask, body: string): readonly string[] {
    const { model } = this.#around
    return model === undefined ? [] : [...model.request(action, params), ...model.answer(action, body)]
  }

  parameter(ask: Ask): string {
    const { world } = this.#around
    const { parameters } = world.region(this.account(ask), ask.region).catalog
    const value = parameters.get(ask.params.get('Name') ?? '')
    if (value === undefined) throw new Ec2Failure('ParameterNotFound', 'There is no such parameter')
    return value
  }
}
