import { type Call, within } from '../lib/call.ts'
import { wait } from '../lib/wait.ts'
import type { Desk } from './command.ts'

const home = '\u001B[H'
const clearToEnd = '\u001B[J'
const clearLine = '\u001B[K'
const [enter, leave] = ['\u001B[?1049h\u001B[?25l', '\u001B[?25h\u001B[?1049l']

/**
 * Draws what `look` gives time and again, on a page of its own that the terminal forgets afterwards, until Ctrl-C. The last
 * picture stays. A look that fails ends it.
 */
export async function keepDrawing(
  { screen, call }: Desk,
  everyMs: number,
  look: (call: Call) => Promise<string>,
): Promise<void> {
  let last = ''
  screen.draw(enter)
  try {
    while (!call.signal.aborted) {
      last = await look(within(call, Math.max(everyMs, 30_000)))
      const shown = last.split('\n').slice(0, screen.rows - 1)
      screen.draw(`${home}${shown.map(line => `${line}${clearLine}`).join('\n')}${clearToEnd}`)
      await wait(everyMs, call)
    }
  } catch (error) {
    if (!call.signal.aborted) throw error
  } finally {
    screen.draw(leave)
    if (last !== '') screen.write(last)
  }
}
