import { Interrupt } from './demo/interrupt.ts'
import { missing } from './demo/needs.ts'
import { play } from './demo/play.ts'
import { Timeline } from './demo/timeline.ts'

const usage = `npm run demo [-- --keep]

Starts a Kubernetes API server and the operator on this computer, applies deploy/samples/demo.yaml, computes with the
cluster from Python, deletes it and looks whether anything is left. Nothing outside this computer is used, but to build
the API server (once, with Go) and to install Dask (once).

  --keep   Leave everything running after the result, until Ctrl-C.`

/** Ends with 0, with 1 after a failure, with 2 after a wrong command line, and after a signal as a shell would have it: 130 after Ctrl-C. */
async function main(words: readonly string[]): Promise<number> {
  if (words.includes('--help') || words.includes('-h')) {
    console.log(usage)
    return 0
  }
  const unknown = words.find(word => word !== '--keep')
  if (unknown !== undefined) {
    console.error(`demo: ${unknown} is not an option\n\n${usage}`)
    return 2
  }
  const timeline = new Timeline(process.stdout)
  const interrupt = new Interrupt(name => timeline.note(`${name}: stopping and removing everything`))
  const call = { signal: interrupt.signal }
  try {
    const problem = await missing(call)
    if (problem !== undefined) throw new Error(problem)
    await play({ timeline, keep: words.includes('--keep') }, call)
    return interrupt.exitCode ?? 0
  } catch (error) {
    if (interrupt.exitCode === undefined || error instanceof SuppressedError)
      console.error(`\ndemo: ${told(error)}`)
    else timeline.note('nothing is left')
    return interrupt.exitCode ?? 1
  }
}

/** What broke off, and what could not be cleaned up after it. */
function told(error: unknown): string {
  if (error instanceof SuppressedError)
    return `${told(error.suppressed)}\nand not everything could be stopped or removed: ${told(error.error)}`
  return error instanceof Error ? error.message : String(error)
}

process.exit(await main(process.argv.slice(2)))
