/** What Azure answers instead of what was asked: its own status, code and words. */
export class ArmFailure extends Error {
  readonly status: number
  readonly code: string
  /** In seconds, where Azure says when to come again. */
  readonly retryAfter: number | undefined

  constructor(status: number, code: string, message: string, retryAfter?: number) {
    super(message)
    this.name = code
    this.status = status
    this.code = code
    this.retryAfter = retryAfter
  }
}

export const failureBody = ({ code, message }: Pick<ArmFailure, 'code' | 'message'>): object => ({
  error: { code, message },
})

export const invalid = (target: string, words: string): ArmFailure =>
  new ArmFailure(400, 'InvalidParameter', `The value of parameter ${target} is invalid. ${words}`)

export const notFound = (id: string): ArmFailure =>
  new ArmFailure(404, 'ResourceNotFound', `The Resource '${id}' was not found.`)

export const noGroup = (name: string): ArmFailure =>
  new ArmFailure(404, 'ResourceGroupNotFound', `Resource group '${name}' could not be found.`)
