import type { Cloud } from '../clouds/contract.ts'
import type { Call } from '../lib/call.ts'
import type { MachineId } from '../model/names.ts'
import { redactedEnd } from '../telemetry/redaction.ts'

/** An event's message holds a thousand characters. */
const consoleLength = 800

/** The end of a machine's console: plain text, free of secrets, and short enough for an event. */
export async function lastWords(
  cloud: Pick<Cloud, 'console'>,
  machine: MachineId,
  call: Call,
): Promise<string> {
  const text = await cloud.console?.(machine, call).catch(() => '')
  return redactedEnd(plain(text ?? '').trim(), consoleLength)
}

/** A console colours its lines and moves about; what a reader needs of that is the line breaks. */
const plain = (text: string): string =>
  text.replaceAll(/[^\P{Cc}\t\n\r]\[[\d;?]*[@-~]/gu, '').replaceAll(/[^\P{Cc}\t\n]/gu, '')
