import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { OptionError } from '../src/lib/options.ts'
import { measureAws } from './bench/aws/measure.ts'
import { type AwsOptions, awsUsage, parseAwsOptions } from './bench/aws/options.ts'
import { awsFigures, awsLines } from './bench/aws/report.ts'
import { type AzureOptions, azureAims, azureUsage, parseAzureOptions } from './bench/azure/options.ts'
import { openAzureSite } from './bench/azure/site.ts'
import {
  type DigitalOceanOptions,
  digitalOceanAims,
  digitalOceanUsage,
  parseDigitalOceanOptions,
} from './bench/digitalocean/options.ts'
import { openDigitalOceanSite } from './bench/digitalocean/site.ts'
import { figureNames, shown } from './bench/figures.ts'
import { type GcpOptions, gcpAims, gcpUsage, parseGcpOptions } from './bench/gcp/options.ts'
import { openGcpSite } from './bench/gcp/site.ts'
import type { BenchCall } from './bench/home.ts'
import { measureLives } from './bench/lives/measure.ts'
import { livesFigures, livesLines } from './bench/lives/report.ts'
import { measure } from './bench/measure.ts'
import { type BenchOptions, parseOptions, usage } from './bench/options.ts'
import { Interrupt, told } from './interrupt.ts'

interface Result {
  readonly lines: readonly string[]
  /** What is written to the file of `--json`. */
  readonly figures: unknown
}

interface Bench<Options> {
  readonly usage: string
  /** Throws an OptionError. */
  readonly parse: (argv: readonly string[]) => Options
  readonly run: (options: Options, call: BenchCall) => Promise<Result>
}

const usual: Bench<BenchOptions> = {
  usage,
  parse: parseOptions,
  async run(options, call) {
    const { figures, connections } = await measure(options, call)
    const watched = `${options.schedulers} schedulers were watched over ${connections} connections`
    return { figures, lines: [...figureNames.map(name => shown(name, figures[name])), watched] }
  },
}

const aws: Bench<AwsOptions> = {
  usage: awsUsage,
  parse: parseAwsOptions,
  async run(options, call) {
    const measured = await measureAws(options, call)
    return { figures: awsFigures(measured), lines: awsLines(measured, options) }
  },
}

const gcp: Bench<GcpOptions> = {
  usage: gcpUsage,
  parse: parseGcpOptions,
  async run(options, call) {
    await using site = await openGcpSite(options)
    const measured = await measureLives(options, site, call)
    return { figures: livesFigures(measured), lines: livesLines(measured, gcpAims(options)) }
  },
}

const azure: Bench<AzureOptions> = {
  usage: azureUsage,
  parse: parseAzureOptions,
  async run(options, call) {
    await using site = await openAzureSite(options)
    const measured = await measureLives(options, site, call)
    return { figures: livesFigures(measured), lines: livesLines(measured, azureAims(options)) }
  },
}

const digitalOcean: Bench<DigitalOceanOptions> = {
  usage: digitalOceanUsage,
  parse: parseDigitalOceanOptions,
  async run(options, call) {
    await using site = await openDigitalOceanSite(options)
    const measured = await measureLives(options, site, call)
    return { figures: livesFigures(measured), lines: livesLines(measured, digitalOceanAims(options)) }
  },
}

/**
 * Ends with 0 whatever the figures are, with 1 where something failed, with 2 after a wrong command line, and after a
 * signal as a shell would have it: 130 after Ctrl-C.
 */
async function main<Options extends { readonly json: string | undefined }>(
  bench: Bench<Options>,
  words: readonly string[],
): Promise<number> {
  if (words.includes('--help') || words.includes('-h')) {
    console.log(bench.usage)
    return 0
  }
  const options = optionsIn(bench, words)
  if (options === undefined) return 2
  const began = performance.now()
  const progress = (line: string): void =>
    console.error(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`)
  const interrupt = new Interrupt(name => progress(`${name}: stopping and removing everything`))
  try {
    await show(await bench.run(options, { signal: interrupt.signal, progress }), options.json)
    return interrupt.exitCode ?? 0
  } catch (error) {
    if (interrupt.exitCode === undefined || error instanceof SuppressedError)
      console.error(`\nbench: ${told(error)}`)
    else progress('nothing is left')
    return interrupt.exitCode ?? 1
  }
}

async function show({ lines, figures }: Result, json: string | undefined): Promise<void> {
  console.log(`\n${availableParallelism()} cores, Node ${process.version}`)
  for (const line of lines) console.log(line)
  if (json !== undefined) await writeFile(json, `${JSON.stringify(figures, undefined, 2)}\n`)
}

function optionsIn<Options>(bench: Bench<Options>, words: readonly string[]): Options | undefined {
  try {
    return bench.parse(words)
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    console.error(`bench: ${error.message}\n\n${bench.usage}`)
    return undefined
  }
}

const [first, ...others] = process.argv.slice(2)
process.exit(await chosen())

function chosen(): Promise<number> {
  if (first === 'aws') return main(aws, others)
  if (first === 'azure') return main(azure, others)
  if (first === 'digitalocean') return main(digitalOcean, others)
  if (first === 'gcp') return main(gcp, others)
  return main(usual, process.argv.slice(2))
}
