import { commandOf, usage } from './demo/command.ts'
import { missing } from './demo/needs.ts'
import { play } from './demo/play.ts'
import { Timeline } from './demo/timeline.ts'
import { Interrupt, told } from './interrupt.ts'

/** Ends with 0, with 1 after a failure, with 2 after a wrong command line, and after a signal as a shell would have it: 130 after Ctrl-C. */
async function main(words: readonly string[]): Promise<number> {
  const command = commandOf(words)
  if (command.kind === 'help') {
    console.log(usage)
    return 0
  }
  if (command.kind === 'wrong') {
    console.error(`demo: ${command.problem}\n\n${usage}`)
    return 2
  }
  const { asked } = command
  const timeline = new Timeline(process.stdout)
  const interrupt = new Interrupt(name => timeline.note(`${name}: stopping and removing everything`))
  const call = { signal: interrupt.signal }
  try {
    const problem = asked.simulated === undefined ? await missing(call) : undefined
    if (problem !== undefined) throw new Error(problem)
    await play(asked, timeline, call)
    return interrupt.exitCode ?? 0
  } catch (error) {
    if (interrupt.exitCode === undefined || error instanceof SuppressedError)
      console.error(`\ndemo: ${told(error)}`)
    else timeline.note('nothing is left')
    return interrupt.exitCode ?? 1
  }
}

process.exit(await main(process.argv.slice(2)))
