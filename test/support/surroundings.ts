/** This process has these variables until it is disposed of, and then those that it had. */
export function surroundedBy(environment: Readonly<Record<string, string>>): Disposable {
  const before = Object.keys(environment).map(name => [name, process.env[name]] as const)
  Object.assign(process.env, environment)
  return {
    [Symbol.dispose]() {
      for (const [name, value] of before)
        if (value === undefined) delete process.env[name]
        else process.env[name] = value
    },
  }
}
