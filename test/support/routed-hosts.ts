/** Where `routed-operator` has its machines: each by its number, and what is kept for the next one last. */
export const hostOf = (machine: string | undefined): string =>
  `192.0.2.${machine === undefined ? 254 : 1 + (Number.parseInt(machine.slice(4), 16) % 250)}`

export const routedOperator = 'test/support/routed-operator.ts'
