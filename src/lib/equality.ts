/** Whether two values of plain data say the same; a member that is undefined is as good as none. */
export function isAlike(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (!isComposite(one) || !isComposite(other) || Array.isArray(one) !== Array.isArray(other)) return false
  const [mine, theirs] = [given(one), given(other)]
  return (
    mine.length === theirs.length && mine.every(([key, value]) => isAlike(value, Reflect.get(other, key)))
  )
}

const isComposite = (value: unknown): value is object => typeof value === 'object' && value !== null

const given = (value: object): readonly (readonly [string, unknown])[] =>
  Object.entries(value).filter(([, member]) => member !== undefined)
