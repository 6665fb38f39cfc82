import { type AwsGround, aGroup, anAwsGround, offeringIn, printedPolicy } from '../support/aws/aws-ground.ts'
import { ec2Model } from '../support/aws/model.ts'
import type { Tempo } from '../support/aws/world.ts'
import { holdsTheContract, type Subject } from './suite.ts'

const rights = new Set(printedPolicy.Statement.flatMap(({ Action }) => Action))

/** With groups of the user's own: a launch of a worker then needs nothing of a scheduler's. */
function anAccount(tempo: Partial<Tempo>): () => Promise<Subject> {
  return async () => {
    const ground = await anAwsGround({ tempo, rates: 'unlimited', model: await ec2Model() })
    const { home, left, ec2 } = ground
    const group = aGroup(home, 'sg-0000000000000000a')
    const settings = { securityGroups: { scheduler: [group], workers: [group] } }
    const open = (installation: string) => ground.open(installation, settings)
    return {
      cloud: await open('ours'),
      restarted: () => open('ours'),
      stranger: () => open('theirs'),
      userData: () => '#cloud-config\n{}\n',
      offering: offeringIn(ground.home),
      async [Symbol.asyncDispose]() {
        const found = {
          left: left(),
          beyondPolicy: beyondPolicy(ec2.ledger),
          differs: [...new Set(ec2.ledger.flatMap(({ differs = [] }) => differs))],
        }
        await ground[Symbol.asyncDispose]()
        if (found.left.join() !== group || found.beyondPolicy.length + found.differs.length > 0)
          throw new Error(
            `left in the account, made without a right, or unlike EC2: ${JSON.stringify(found)}`,
          )
      },
    }
  }
}

const beyondPolicy = (ledger: AwsGround['ec2']['ledger']): readonly string[] =>
  ledger.map(({ service, action }) => `${service}:${action}`).filter(name => !rights.has(name))

holdsTheContract('EC2 as it is simulated', anAccount({}))
holdsTheContract('EC2 whose lists lag', anAccount({ lagMs: 500, addressMs: 300 }))
