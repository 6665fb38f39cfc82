import { spawn } from 'node:child_process'
import { findChartTools, toolsFolder } from './index.ts'

const usage = `node scripts/chart-tools/cli.ts build | path | helm ... | helm3 ... | kubeconform ...
  build  make the programs ready and say where they are
  path   print where they are kept
  helm ...  run one of them`

const stopped = new AbortController()
process.once('SIGINT', () => stopped.abort(new Error('interrupted')))
process.once('SIGTERM', () => stopped.abort(new Error('terminated')))
const found = () =>
  findChartTools({ signal: stopped.signal, progress: (line: string): void => console.error(line) })

const [command = '', ...args] = process.argv.slice(2)
try {
  if (command === 'build') console.log(`made ready: ${Object.values(await found()).join(' ')}`)
  else if (command === 'path') console.log(await toolsFolder())
  else if (command === 'helm' || command === 'helm3' || command === 'kubeconform') {
    const child = spawn((await found())[command], args, { stdio: 'inherit' })
    process.exitCode = await new Promise<number>(resolve => child.once('close', code => resolve(code ?? 1)))
  } else {
    console.error(usage)
    process.exitCode = 2
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
