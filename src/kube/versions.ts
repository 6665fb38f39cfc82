const decimal = /^\d+$/

/**
 * Negative where resource version `a` is older than `b`, positive where newer, 0 where they are the same. They are
 * decimal numbers of any length; throws a TypeError at anything else.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [significant(a), significant(b)]
  if (left.length !== right.length) return left.length - right.length
  return left === right ? 0 : left < right ? -1 : 1
}

export const isVersion = (raw: unknown): raw is string => typeof raw === 'string' && decimal.test(raw)

function significant(version: string): string {
  if (!decimal.test(version)) throw new TypeError(`not a resource version: ${version.slice(0, 40)}`)
  return version.replace(/^0+/, '')
}
