import { startControlPlane } from './index.ts'
import { cachedBinary, findSource } from './source.ts'

const usage = `npm run controlplane -- start [--download] | build [--download] | path
  start  run a Kubernetes control plane on 127.0.0.1 until Ctrl-C
  build  make its binary ready and say where it comes from
  path   print where the built binary is kept`

const stopped = new AbortController()
const { signal } = stopped
process.once('SIGINT', () => stopped.abort(new Error('interrupted')))
process.once('SIGTERM', () => stopped.abort(new Error('terminated')))
const progress = (line: string): void => console.error(line)

const [command, ...flags] = process.argv.slice(2)
const download = flags.includes('--download')

async function start(): Promise<void> {
  await using plane = await startControlPlane({ signal, progress, download })
  console.log(`export KUBECONFIG=${plane.kubeconfig}`)
  progress(`${plane.url} is ready; Ctrl-C stops it and removes everything`)
  await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
}

try {
  if (command === 'start') await start()
  else if (command === 'build') console.log((await findSource({ signal, progress, download })).origin)
  else if (command === 'path') console.log((await cachedBinary()).path)
  else {
    progress(usage)
    process.exitCode = 2
  }
} catch (error) {
  progress(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
