import { ParseError } from '../lib/parse.ts'

/** What a cloud's API lets whoever runs on a machine be: an instance profile, a service account, a managed identity. */
export interface MachineIdentity {
  /** Within the cloud's settings: `serviceAccount.email`. */
  readonly path: string
  readonly name: string
}

/**
 * Throws a ParseError where a cluster gives its machines what the operator's configuration does not let it. Who may make
 * clusters runs programs on the machines, and would be whatever the operator may pass on.
 */
export function checkIdentities(
  identities: readonly MachineIdentity[],
  allowed: readonly string[],
  path: string,
): void {
  const refused = identities.find(({ name }) => !allowed.some(pattern => fits(pattern, name)))
  if (refused === undefined) return
  const { name, path: at } = refused
  throw new ParseError(
    `${path}.${at}`,
    `"${name}" may not be given to machines here: leave it out, or have it named in the operator's --allow-machine-identities (${
      allowed.length === 0 ? 'none is' : 'others are'
    })`,
  )
}

/** `*` stands for anything. No cloud tells capitals in these names from small letters. */
function fits(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.toLowerCase().split('*')
  const whole = name.toLowerCase()
  if (rest.length === 0) return whole === first
  const last = rest.at(-1) ?? ''
  if (!whole.startsWith(first) || !whole.endsWith(last) || whole.length < first.length + last.length)
    return false
  let from = first.length
  for (const part of rest.slice(0, -1)) {
    const at = whole.indexOf(part, from)
    if (at < 0) return false
    from = at + part.length
  }
  return from <= whole.length - last.length
}
