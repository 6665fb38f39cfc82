/** How a command can end. Scripts may rely on the numbers: they are in docs/kubectl-daskcloud.md. */
export const exits = {
  ok: { code: 0, means: 'it is done' },
  failed: {
    code: 1,
    means: 'it failed: the API server or the scheduler said no, cannot be reached, or a file is in the way',
  },
  usage: { code: 2, means: 'the command line is wrong; nothing was asked of anybody' },
  'not-found': { code: 3, means: 'there is no such cluster, group, machine or custom resource definition' },
  'not-ready': {
    code: 4,
    means:
      'the cluster is there and not ready for it: no address or certificates yet, asleep, or --timeout is over',
  },
} as const satisfies Record<string, { readonly code: number; readonly means: string }>

export type Exit = keyof typeof exits

/** A failure that a person is told in a sentence: what was found, and what to do. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly exit: Exit

  constructor(exit: Exit, message: string, options?: ErrorOptions) {
    super(message, options)
    this.exit = exit
  }
}

/** As shells have it for a program that a signal has ended. */
export const codeOfSignal = (number: number): number => 128 + number

/** That of SIGINT, which ends what would go on for ever. */
export const stopped = codeOfSignal(2)
