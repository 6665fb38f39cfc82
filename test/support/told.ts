import { readFileSync } from 'node:fs'
import { type Known, scan } from './scan.ts'

/** Credentials that the tests of this process have put into Secrets. */
const noted: Known[] = []

/** From now on no operator of this process may tell any of these values. */
export function noteCredentials(name: string, values: object): void {
  for (const [key, value] of Object.entries(values))
    if (typeof value === 'string' && isSecret(key)) noted.push({ name: `${key} of Secret ${name}`, value })
}

/** Of names of values: those that may be told are ids, regions and the like. */
export const isSecret = (name: string): boolean =>
  /key|secret|token|password|private/i.test(name) && !/id$|_(?:URL|HOST|FILE|URI)$/i.test(name)

export interface Speaker {
  readonly name: string
  readonly words: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly kubeconfig: string
}

/** What an operator has told in its log, and on its command line to whoever lists processes, and should not have. */
export function indiscretions({ name, words, env, kubeconfig }: Speaker, log: string): readonly string[] {
  const own = Object.entries(env).filter(([key]) => isSecret(key))
  const secrets = [
    ...noted,
    ...own.map(([key, value]) => ({ name: `${key} of its environment`, value })),
    ...tokensIn(kubeconfig).map(value => ({ name: 'the token of its kubeconfig', value })),
  ]
  const artefacts = [
    { name: `the log of ${name}`, text: log },
    { name: `the command line of ${name}`, text: words.join('\n') },
  ]
  return scan(artefacts, secrets)
}

function tokensIn(kubeconfig: string): readonly string[] {
  try {
    const found = readFileSync(kubeconfig, 'utf8').matchAll(/\btoken"?:\s*"?(?<token>[^\s",}]+)/g)
    return [...found].map(({ groups }) => groups?.['token'] ?? '')
  } catch {
    return []
  }
}
