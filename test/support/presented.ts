import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { certificateBlocks } from '../../src/pki/pem.ts'
import { markOf } from '../../src/pki/stored-rotation.ts'

const run = promisify(execFile)

/** The mark of the certificate that whoever connects with `openssl s_client` is shown; '' where none is. */
export async function presented(address: string): Promise<string> {
  const { host } = new URL(address)
  const look = `openssl s_client -connect ${host} </dev/null 2>/dev/null || :`
  const { stdout } = await run('sh', ['-c', look], { timeout: 20_000 })
  const [pem] = certificateBlocks(stdout)
  return pem === undefined ? '' : markOf(pem)
}
