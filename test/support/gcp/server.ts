import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Script } from '../clouds/script.ts'
import type { Answer, Desk, Heard } from './desk.ts'
import { failureBody, GceFailure } from './failure.ts'

export interface Exchange {
  readonly desk: Desk
  readonly script: Script
  readonly sleep: (ms: number) => Promise<unknown>
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** Google answers a wait after two minutes at the latest, done or not. */
const longestWaitMs = 120_000

/** One request from its first byte to its answer, or to what the script does to it. */
export async function serve({ desk, script, sleep, request, response }: Exchange): Promise<void> {
  const heard = await heardIn(request)
  const { asked, entry } = desk.note(heard)
  const trouble = script.take(asked)
  const carriedOut = (): Answer => {
    try {
      return desk.act(heard, entry)
    } catch (error) {
      if (!(error instanceof GceFailure)) throw error
      entry.reason = error.reason
      return { status: error.status, body: failureBody(error) }
    }
  }
  const answer = (given: Answer): void => {
    entry.status = given.status
    send(response, given)
  }
  if (trouble === undefined) {
    const ms = Math.min(longestWaitMs, desk.remainingMs(asked))
    if (ms > 0) await sleep(ms)
    return answer(carriedOut())
  }
  const given = await script.play(trouble, {
    project: asked.project,
    carriedOut,
    answered: (status, body) => ({ status, body }),
    refused: (status, reason, message) => ({
      status,
      body: failureBody(new GceFailure(status, reason, message)),
    }),
  })
  if (given === undefined) return void request.socket.destroy()
  entry.reason ??= trouble.kind === 'refuse' ? trouble.reason : ''
  return answer(given)
}

async function heardIn(request: IncomingMessage): Promise<Heard> {
  const { method: verb = '', url = '', headers } = request
  return { verb, url: new URL(url, 'http://compute'), headers, text: await text(request).catch(() => '') }
}

/** A text goes as it is, anything else as JSON. */
function send(response: ServerResponse, { status, body }: Answer): void {
  const written = typeof body === 'string' ? body : JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' }).end(written)
}
