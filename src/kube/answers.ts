import type { Dispatcher } from 'undici'
import type { Call } from '../lib/call.ts'
import { KubeError, noAnswer } from './fault.ts'
import { type Frame, FrameSplitter } from './frames.ts'

/** The JSON of a whole answer; undefined where it is empty, a text where it is none. */
export async function bodyOf(
  answer: Dispatcher.ResponseData,
  maxBytes: number,
  call: Call,
): Promise<unknown> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of chunksOf(answer, call)) {
    bytes += chunk.length
    if (bytes > maxBytes) throw noAnswer('TooLarge', `the answer is larger than ${maxBytes} bytes`)
    parts.push(chunk)
  }
  const text = Buffer.concat(parts).toString('utf8')
  if (text === '') return undefined
  if (!String(answer.headers['content-type']).includes('json')) return text
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw noAnswer('Unreadable', 'the answer is not the JSON it says it is', cause)
  }
}

export async function* streamOf(
  answer: Dispatcher.ResponseData,
  maxFrameBytes: number,
  call: Call,
): AsyncIterable<Frame> {
  yield { kind: 'opened' }
  const splitter = new FrameSplitter(maxFrameBytes)
  for await (const chunk of chunksOf(answer, call)) yield* splitter.push(chunk)
  yield* splitter.finish()
}

/** Lets go of the connection however reading ends. */
async function* chunksOf({ body }: Dispatcher.ResponseData, { signal }: Call): AsyncIterable<Uint8Array> {
  // Destroying a body that was not read to its end is an error to undici, and to nobody else.
  body.on('error', () => undefined)
  try {
    for await (const chunk of body) {
      if (chunk instanceof Uint8Array) yield chunk
    }
  } catch (error) {
    throw failureOf(error, signal)
  } finally {
    body.destroy()
  }
}

export function headerOf(headers: Dispatcher.ResponseData['headers'], name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}

/** Why a request had no answer, or not all of it. `via` is a proxy, without its password. */
export function failureOf(error: unknown, signal: AbortSignal, via?: string): KubeError {
  if (error instanceof KubeError) return error
  if (signal.reason instanceof KubeError) return signal.reason
  const wasTime = signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError'
  if (signal.aborted && !wasTime) return noAnswer('Stopped', 'the request was stopped', signal.reason)
  if (signal.aborted) return noAnswer('Timeout', 'the API server did not answer in time', error)
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') {
    return noAnswer('Timeout', 'the API server fell silent', error)
  }
  const way = via === undefined ? '' : ` through the proxy ${via}`
  return noAnswer('Unreachable', `the API server cannot be reached${way}: ${saidBy(error, code)}`, error)
}

/** A proxy's refusal is in the message alone; else the code says it, and says it always in the same words. */
function saidBy(error: unknown, code: string): string {
  const message = error instanceof Error ? error.message : 'unknown error'
  if (code === 'UND_ERR_ABORTED' || code.startsWith('UND_ERR_PRX')) return message
  return code === '' ? message : code
}
