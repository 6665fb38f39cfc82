/** Ends an exhaustive `switch`: the compiler refuses the call as long as a variant is unanswered. */
export function unreachable(value: never): never {
  throw new Error(`a variant nobody answers: ${JSON.stringify(value)}`)
}
