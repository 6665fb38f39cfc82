import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { OptionError } from '../src/lib/options.ts'
import { figureNames, shown } from './bench/figures.ts'
import { type Measurement, measure } from './bench/measure.ts'
import { type BenchOptions, parseOptions, usage } from './bench/options.ts'
import { Interrupt, told } from './interrupt.ts'

/**
 * Ends with 0 whatever the figures are, with 1 where something failed, with 2 after a wrong command line, and after a
 * signal as a shell would have it: 130 after Ctrl-C.
 */
async function main(words: readonly string[]): Promise<number> {
  if (words.includes('--help') || words.includes('-h')) {
    console.log(usage)
    return 0
  }
  const options = optionsIn(words)
  if (options === undefined) return 2
  const began = performance.now()
  const progress = (line: string): void =>
    console.error(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`)
  const interrupt = new Interrupt(name => progress(`${name}: stopping and removing everything`))
  try {
    await show(await measure(options, { signal: interrupt.signal, progress }), options)
    return interrupt.exitCode ?? 0
  } catch (error) {
    if (interrupt.exitCode === undefined || error instanceof SuppressedError)
      console.error(`\nbench: ${told(error)}`)
    else progress('nothing is left')
    return interrupt.exitCode ?? 1
  }
}

async function show({ figures, connections }: Measurement, options: BenchOptions): Promise<void> {
  console.log(`\n${availableParallelism()} cores, Node ${process.version}`)
  for (const name of figureNames) console.log(shown(name, figures[name]))
  console.log(`${options.schedulers} schedulers were watched over ${connections} connections`)
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(figures, undefined, 2)}\n`)
}

function optionsIn(words: readonly string[]): BenchOptions | undefined {
  try {
    return parseOptions(words)
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    console.error(`bench: ${error.message}\n\n${usage}`)
    return undefined
  }
}

process.exit(await main(process.argv.slice(2)))
