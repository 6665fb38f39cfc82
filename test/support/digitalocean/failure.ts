import { randomUUID } from 'node:crypto'

/** What DigitalOcean refuses. */
export class DoFailure extends Error {
  readonly status: number
  readonly id: string
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, id: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.id = id
    this.headers = headers
  }
}

export const unprocessable = (message: string): DoFailure =>
  new DoFailure(422, 'unprocessable_entity', message)

export const notFound = (): DoFailure =>
  new DoFailure(404, 'not_found', 'The resource you were accessing could not be found.')

/** With an id of the request, which is another one each time. */
export const failureBody = ({ id, message }: Pick<DoFailure, 'id' | 'message'>): object => ({
  id,
  message,
  request_id: randomUUID(),
})

/** Text that was sent; none where it is something else. */
export const word = (value: unknown): string => (typeof value === 'string' ? value : '')
