import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

interface Asked {
  readonly kubeconfig: string
  readonly args: readonly string[]
  /** What kubectl reads from its standard input (`apply -f -`). */
  readonly input?: string | undefined
}

/** Longer than any `kubectl wait` here should take. */
const deadlineMs = 5 * 60_000

/** Runs kubectl and returns its standard output; throws an Error that carries its standard error. */
export async function runKubectl(
  command: readonly string[],
  { kubeconfig, args, input }: Asked,
): Promise<string> {
  const [file = '', ...first] = command
  const child = spawn(file, [...first, ...args], {
    env: { ...process.env, KUBECONFIG: kubeconfig },
    signal: AbortSignal.timeout(deadlineMs),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(input ?? '')
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const [output, complaint, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  if (code === 0) return output
  const shown = args.map(arg => (arg.startsWith('--token') ? '--token=…' : arg)).join(' ')
  throw new Error(`kubectl ${shown} ended with ${code}: ${complaint.trim() || output.trim()}`)
}
