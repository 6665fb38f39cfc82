import { integer, text, toggle } from '../../src/lib/option-kinds.ts'
import { OptionError, readOptions } from '../../src/lib/options.ts'

export const usage = `npm run demo [-- OPTIONS]

Starts a Kubernetes API server and the operator on this computer, applies deploy/samples/demo.yaml, computes with the
cluster from Python, deletes it and looks whether anything is left. Nothing outside this computer is used, but to build
the API server (once, with Go) and to install Dask (once).

  --simulated N      N clusters of two simulated workers instead, 1 to 2000: how the operator does with many. Needs no Python.
  --kubeconfig FILE  On the Kubernetes cluster of this file instead of an API server of its own, in namespaces of its own.
                     The operator and Dask still run on this computer. Needs no Go.
  --context NAME     A context of that file other than its current one.
  --keep             Leave everything running after the result, until Ctrl-C.`

export interface Asked {
  /** How many simulated clusters, or undefined for one of real Dask processes. */
  readonly simulated: number | undefined
  /** The user's own cluster, or undefined for an API server of the demo's. */
  readonly cluster: { readonly file: string; readonly context: string | undefined } | undefined
  /** Whether everything stays after the result, until the signal. */
  readonly keep: boolean
}

export type Command =
  | { readonly kind: 'play'; readonly asked: Asked }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly problem: string }

const options = {
  simulated: integer({ description: 'How many simulated clusters.', min: 1, max: 2000, default: 0 }),
  kubeconfig: text({ description: "The user's cluster.", placeholder: 'FILE', default: undefined }),
  context: text({ description: 'A context of it.', placeholder: 'NAME', default: undefined }),
  keep: toggle({ description: 'Whether everything stays.', default: false }),
}

/** What a command line, without the program's own name, asks for. */
export function commandOf(argv: readonly string[]): Command {
  if (argv.some(word => word === '--help' || word === '-h')) return { kind: 'help' }
  try {
    const { simulated, kubeconfig: file, context, keep } = readOptions(options, { argv, env: {}, prefix: '' })
    if (context !== undefined && file === undefined)
      return { kind: 'wrong', problem: '--context is a context of --kubeconfig FILE, which is not given' }
    const cluster = file === undefined ? undefined : { file, context }
    return { kind: 'play', asked: { simulated: simulated || undefined, cluster, keep } }
  } catch (error) {
    if (error instanceof OptionError) return { kind: 'wrong', problem: error.message }
    throw error
  }
}
