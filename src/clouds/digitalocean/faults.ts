import { isAxiosError } from 'axios'
import { isRecord } from '../../lib/parse.ts'
import { CloudError, type Fault } from '../../model/faults.ts'

/** What DigitalOcean said, as far as it can be read: nothing of the request, which has the token in it. */
interface Said {
  readonly status: number | undefined
  readonly id: string
  readonly words: string
}

interface Meaning {
  readonly fault: Fault
  /** For a person: what it means and what to do. */
  readonly says: string
  /** Whether DigitalOcean's own words name what is wrong with the request. */
  readonly quoted?: true
}

const own: Meaning = { fault: 'unavailable', says: 'DigitalOcean had an error of its own' }
const invalid: Meaning = { fault: 'invalid', says: 'DigitalOcean does not take the request', quoted: true }

/** By what the words of a 422 are about, the first that fits: DigitalOcean has one code for all of it. */
const refusals: readonly (readonly [RegExp, Meaning])[] = [
  [
    /droplet limit|exceed your|reached .*limit|limit (?:reached|exceeded)|maximum number/i,
    {
      fault: 'quota',
      says: 'the team’s limit is reached: end what is not needed or ask DigitalOcean for more (Settings, Resource limits)',
      quoted: true,
    },
  ],
  [
    /\b(?:size|droplets?|plan)\b.*(?:not|un)\s?available|out of (?:stock|capacity)|(?:insufficient|no) capacity|currently (?:restricted|disabled)/i,
    { fault: 'no-capacity', says: 'DigitalOcean has no droplet of this size there now', quoted: true },
  ],
  [
    /pending event|locked|in progress|being (?:created|destroyed)|event running/i,
    { fault: 'not-yet', says: 'it is still being made or changed; it is tried again' },
  ],
]

/** https://docs.digitalocean.com/reference/api/ (Requests, Responses). Nobody else reads a code. */
function meaningOf({ status, words }: Said): Meaning | undefined {
  if (status === undefined) return undefined
  if (status === 401)
    return {
      fault: 'unauthorized',
      says: 'DigitalOcean does not know this token, or not any more: put a working one into the Secret',
    }
  if (status === 403)
    return {
      fault: 'unauthorized',
      says: 'the token may not do this: `npm run iam-policy -- digitalocean` prints the scopes that it needs.',
      quoted: true,
    }
  if (status === 402) return { fault: 'quota', says: 'the team’s account is not in order', quoted: true }
  if (status === 404)
    return {
      fault: 'invalid',
      says: 'something that spec.cloud.digitalOcean names is not there',
      quoted: true,
    }
  if (status === 408) return { fault: 'timeout', says: 'DigitalOcean did not answer in time' }
  if (status === 409)
    return {
      fault: 'conflict',
      says: 'DigitalOcean has one of this name already, or another change came first',
    }
  if (status === 423) return { fault: 'not-yet', says: 'it is locked for a while; it is tried again' }
  if (status === 429) return { fault: 'throttled', says: 'DigitalOcean asks for fewer requests' }
  if (status >= 500) return own
  if (status < 400) return undefined
  return refusals.find(([about]) => about.test(words))?.[1] ?? invalid
}

/** What went wrong in our words. `doing` is what was tried, for example `droplets.create`. Same words for every retry. */
export function translated(error: unknown, doing: string): CloudError {
  if (error instanceof CloudError) return error
  const said = saidBy(error)
  const meaning = meaningOf(said)
  if (meaning === undefined) return unheard(error, said, doing)
  const id = said.id === '' ? '' : ` (${said.id})`
  const quote =
    meaning.quoted === true && said.words !== '' ? ` DigitalOcean says: ${steady(said.words)}` : ''
  return new CloudError(meaning.fault, `${doing}: ${meaning.says.replace(/\.$/, '')}${id}.${quote}`, {
    cause: said,
  })
}

const statusIn = (error: unknown): number | undefined => {
  const cause: unknown = error instanceof CloudError ? error.cause : undefined
  const status = isRecord(cause) ? cause['status'] : undefined
  return typeof status === 'number' ? status : undefined
}

/** What is not there any more: an end that was asked for is done. */
export const isGone = (error: unknown): boolean => statusIn(error) === 404

/** What is there already: it was made before, by a request whose answer was lost. */
export const isThereAlready = (error: unknown): boolean => [409, 422].includes(statusIn(error) ?? 0)

/** Headers of the answer that an error carries, whoever made the error. */
export const headersOf = (error: unknown): unknown =>
  isAxiosError(error) ? error.response?.headers : undefined

function saidBy(error: unknown): Said {
  if (!isAxiosError(error))
    return { status: undefined, id: '', words: error instanceof Error ? error.message : '' }
  const { response } = error
  if (response === undefined) {
    const cause = error.cause instanceof Error ? innermost(error.cause) : error
    return { status: undefined, id: '', words: `${error.code ?? ''} ${cause.message}` }
  }
  const body: unknown = response.data
  const text = (name: string): string => {
    const found = isRecord(body) ? body[name] : undefined
    return typeof found === 'string' ? found : ''
  }
  // A success that cannot be read is none.
  return {
    status: response.status >= 400 ? response.status : undefined,
    id: text('id'),
    words: text('message'),
  }
}

/** Why a connection failed is at the bottom of what failed because of it. */
function innermost(error: Error): Error {
  return error.cause instanceof Error ? innermost(error.cause) : error
}

/** What did not come to an answer. */
function unheard(error: unknown, said: Said, doing: string): CloudError {
  const failed = (fault: Fault, says: string): CloudError =>
    new CloudError(fault, `${doing}: ${says}`, { cause: said })
  const isLate = error instanceof Error && /^(?:TimeoutError|AbortError|CanceledError)$/.test(error.name)
  if (isLate || /ECONNABORTED|ETIMEDOUT|ERR_CANCELED|timeout/i.test(said.words))
    return failed('timeout', 'DigitalOcean did not answer in time')
  if (/ENOTFOUND|EAI_AGAIN/.test(said.words))
    return failed('unavailable', "DigitalOcean's name has no address: check the operator's DNS and way out")
  return failed('lost', 'DigitalOcean could not be reached, or its answer was lost')
}

/** DigitalOcean's words without what differs from one try to the next. Cut, for a status. */
const steady = (words: string): string =>
  words
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '…')
    .replaceAll(/dask-[0-9a-f]{16}-\d+-\d{4}/g, 'dask-…')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 300)
