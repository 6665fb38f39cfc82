import { awsHelp, awsPolicy } from './iam-policy/aws.ts'
import { azureHelp, azureRole, azureSteps } from './iam-policy/azure.ts'
import { digitalOceanHelp, digitalOceanScopes, digitalOceanSteps } from './iam-policy/digitalocean.ts'
import { gcpHelp, gcpRole } from './iam-policy/gcp.ts'

const clouds: Readonly<
  Record<
    string,
    {
      readonly help: string
      readonly print: (argv: readonly string[]) => string
      /** What to do with it, where what is printed has no room for comments. */
      readonly steps?: (argv: readonly string[]) => string
    }
  >
> = {
  aws: { help: awsHelp, print: awsPolicy },
  azure: { help: azureHelp, print: azureRole, steps: azureSteps },
  digitalocean: { help: digitalOceanHelp, print: digitalOceanScopes, steps: digitalOceanSteps },
  gcp: { help: gcpHelp, print: gcpRole },
}
const names = Object.keys(clouds)

function main([name = '', ...others]: readonly string[]): number {
  // Resources spell a cloud in their own way.
  const cloud = clouds[name.toLowerCase()]
  const asksForHelp = [name, ...others].some(word => word === '--help' || word === '-h')
  if (asksForHelp) {
    console.log(cloud?.help ?? everyHelp())
    return 0
  }
  if (cloud === undefined)
    return wrong(`name one cloud first: ${names.join(' or ')} (found: ${name || 'nothing'})`, everyHelp())
  try {
    console.log(cloud.print(others))
    if (cloud.steps !== undefined) console.error(cloud.steps(others))
    return 0
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error), cloud.help)
  }
}

const everyHelp = (): string =>
  Object.values(clouds)
    .map(({ help }) => help)
    .join('\n')

function wrong(problem: string, help: string): number {
  console.error(`iam-policy: ${problem}\n\n${help}`)
  return 2
}

process.exitCode = main(process.argv.slice(2))
