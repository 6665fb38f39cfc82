import type { KubeTransport } from '../../src/kube/transport.ts'
import { type Call, within } from '../../src/lib/call.ts'
import { perSecond } from './statistics.ts'

const atOnce = 32
const bytes = 1_000

/** How many small Secrets a second this API server takes from this client, while nobody else asks it for anything. */
export async function rawWritesPerSecond(kube: KubeTransport, count: number, call: Call): Promise<number> {
  const path = '/api/v1/namespaces/default/secrets'
  const data = { text: Buffer.alloc(bytes, 'x').toString('base64') }
  let next = 0
  const writeInTurn = async (): Promise<void> => {
    while (next < count) {
      const body = { metadata: { name: `raw-${next++}` }, data }
      await kube.request({ method: 'POST', path, body }, within(call, 60_000))
    }
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: atOnce }, writeInTurn))
  return perSecond(count, performance.now() - began)
}
