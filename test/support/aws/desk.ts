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
  modifyNetworkInterfaceAttribute,
  releaseAddress,
} from './interfaces.ts'
import { runInstances } from './launches.ts'
import { describeImages, describeInstanceTypes, describeSubnets, describeVpcs } from './looking.ts'
import type { Model } from './model.ts'
import { allowedBy } from './rights.ts'
import type { Signed } from './signature.ts'
import { assumeRole, callerIdentity, proven } from './tokens.ts'
import { type Region, requestId, settle } from './world.ts'
import type { Members } from './xml.ts'

export interface Entry {
  readonly service: string
  readonly action: string
  readonly at: number
  readonly account: string
  /** Whose signature it has. */
  readonly key: string
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
  readonly signed?: Signed
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
  ModifyNetworkInterfaceAttribute: modifyNetworkInterfaceAttribute,
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
    const entry: Entry = { service, action, at: now(), account, key, params: shown }
    ledger.push(entry)
    return { nth, entry }
  }

  /** Throws an Ec2Failure for keys that nobody has, and for what they may not do. */
  admit(ask: Ask): void {
    const { service, action } = ask
    const found = proven(this.#around.world, ask)
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
    const policy = world.keys.get(key)?.policy
    if (policy !== undefined) allowedBy(policy, action, params, region)
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

  /** STS's answer. */
  identify(ask: Ask): string {
    const { world, now } = this.#around
    if (ask.action === 'GetCallerIdentity') return callerIdentity(this.account(ask))
    if (ask.action === 'AssumeRole') return assumeRole(world, ask, now())
    throw new Ec2Failure('InvalidAction', `The action ${ask.action} is not valid for this web service.`)
  }

  compare({ service, action, params }: Ask, body: string): readonly string[] {
    const { model } = this.#around
    const own = service === 'sts' || service === 'ssm' ? model?.[service] : model
    return own === undefined ? [] : [...own.request(action, params), ...own.answer(action, body)]
  }

  parameter(ask: Ask): string {
    const { world } = this.#around
    const { parameters } = world.region(this.account(ask), ask.region).catalog
    const value = parameters.get(ask.params.get('Name') ?? '')
    if (value === undefined) throw new Ec2Failure('ParameterNotFound', 'There is no such parameter')
    return value
  }
}
