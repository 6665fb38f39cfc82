import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Ask, Desk } from './desk.ts'
import { Ec2Failure } from './failure.ts'
import type { Script } from './script.ts'
import { requestId } from './world.ts'
import { document } from './xml.ts'

export interface Exchange {
  readonly desk: Desk
  readonly script: Script
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

/** One request from its first byte to its answer, or to what the script does to it. */
export async function serve({ desk, script, request, response }: Exchange): Promise<void> {
  const ask = askOf(request, await text(request).catch(() => ''))
  const { nth, entry } = desk.note(ask)
  const { action, region, params } = ask
  const trouble = script.take({ action, account: entry.account, region, params, nth })
  const carriedOut = (): Answer => {
    try {
      desk.admit(ask)
      const answer = answered(desk, ask)
      entry.differs = desk.compare(ask, answer.body)
      return answer
    } catch (error) {
      if (!(error instanceof Ec2Failure)) throw error
      entry.code = error.code
      return refused(ask, error)
    }
  }
  switch (trouble?.kind) {
    case undefined:
      return send(response, carriedOut())
    case 'refuse':
      entry.code = trouble.code
      return send(
        response,
        refused(
          ask,
          new Ec2Failure(trouble.code, trouble.message?.() ?? 'So it was asked for.', trouble.status),
        ),
      )
    case 'answer':
      return send(response, { type: 'text/xml', ...trouble })
    case 'hold':
      await trouble.until()
      return send(response, carriedOut())
    case 'late':
      script.keep(entry.account, () => void carriedOut())
      break
    case 'drop':
      carriedOut()
      break
    case 'reset':
      break
  }
  request.socket.destroy()
}

/** The signature tells whose key it is, and the region and service it is for. */
function askOf({ headers, method = '', url = '' }: IncomingMessage, body: string): Ask {
  const signed = { method, url, headers, body }
  const credential = /Credential=([^/]+)\/\d+\/([^/]+)\/([^/]+)\//.exec(headers.authorization ?? '')
  const [, key = '', region = '', service = ''] = credential ?? []
  const target = headers['x-amz-target']
  if (typeof target === 'string') {
    const given: unknown = JSON.parse(body)
    const params = new Map(Object.entries(given ?? {}).map(([name, value]) => [name, String(value)]))
    return { service, action: target.split('.')[1] ?? '', key, region, params, signed }
  }
  const params = new Map(new URLSearchParams(body))
  return { service, action: params.get('Action') ?? '', key, region, params, signed }
}

const namespace = 'http://ec2.amazonaws.com/doc/2016-11-15/'

function answered(desk: Desk, ask: Ask): Answer {
  const { service, action } = ask
  if (service === 'ssm')
    return json(200, { Parameter: { Name: '', Type: 'String', Value: desk.parameter(ask) } })
  if (service === 'sts') return xml(200, desk.identify(ask))
  const content = { requestId: requestId(), ...desk.act(ask) }
  return xml(200, document(`${action}Response`, content, namespace))
}

function refused({ service }: Ask, { code, message, status }: Ec2Failure): Answer {
  if (service === 'ssm') return json(status, { __type: code, message })
  const content = { Code: code, Message: message }
  return service === 'sts'
    ? xml(
        status,
        document('ErrorResponse', { Error: { Type: 'Sender', ...content }, RequestId: requestId() }),
      )
    : xml(status, document('Response', { Errors: { Error: content }, RequestID: requestId() }))
}

const xml = (status: number, body: string): Answer => ({ status, type: 'text/xml;charset=UTF-8', body })
const json = (status: number, content: unknown): Answer => ({
  status,
  type: 'application/x-amz-json-1.1',
  body: JSON.stringify(content),
})

function send(response: ServerResponse, { status, type, body }: Answer): void {
  response.writeHead(status, { 'content-type': type }).end(body)
}
