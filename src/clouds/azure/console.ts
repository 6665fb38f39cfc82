import { EnvHttpProxyAgent, fetch } from 'undici'
import type { Call } from '../../lib/call.ts'
import type { Place } from '../own-machines.ts'
import type { AzureSession } from './session.ts'

const dispatcher = new EnvHttpProxyAgent()

/**
 * What a machine has said on its serial port. Azure keeps it in a file and gives an address with a signature, which opens the
 * file to whoever has it: it is asked for and forgotten.
 */
export function saidOn(session: AzureSession, { id, place }: Place, call: Call): Promise<string> {
  return session.make('virtualMachines.retrieveBootDiagnosticsData', call, async options => {
    const { serialConsoleLogBlobUri: address } =
      await session.clients.compute.virtualMachines.retrieveBootDiagnosticsData(place, id, options)
    if (!address?.startsWith('https://')) return ''
    const answer = await fetch(address, { dispatcher, signal: options.abortSignal })
    return answer.ok ? answer.text() : ''
  })
}
