/** What EC2 answers instead of what was asked: its own code and status. */
export class Ec2Failure extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, message: string, status = 400) {
    super(message)
    this.name = code
    this.code = code
    this.status = status
  }
}

/** `InvalidSubnetID.NotFound` and its like. */
export const notFound = (code: string, what: string, ids: readonly string[]): Ec2Failure =>
  new Ec2Failure(
    `${code}.NotFound`,
    `The ${what} ID${ids.length > 1 ? 's' : ''} '${ids.join(', ')}' do${ids.length > 1 ? '' : 'es'} not exist`,
  )

export const invalidValue = (message: string): Ec2Failure => new Ec2Failure('InvalidParameterValue', message)

export const invalidCombination = (message: string): Ec2Failure =>
  new Ec2Failure('InvalidParameterCombination', message)
