import { expect, test } from 'vitest'
import { keepDrawing } from '../../src/cli/live.ts'
import { coloured, plain, Screen } from '../../src/cli/screen.ts'
import { type Load, ordered, topTable } from '../../src/cli/top-table.ts'
import { aCrew, aWorker, now } from '../support/plugin-sight.ts'

const gib = 1024 ** 3
const workers = [
  aWorker('w-i-1', { cpu: 3.2, memory: 5 * gib }),
  aWorker('w-i-2', { cpu: 398, memory: 7.5 * gib, tasks: { executing: 4, waiting: 120, inMemory: 9 } }),
  aWorker('w-i-3', { status: 'closing_gracefully', memory: 900, memoryLimit: undefined }),
]
const load: Load = {
  cluster: 'demo',
  namespace: 'team-a',
  address: 'tls://203.0.113.7:8786',
  crew: aCrew(...workers),
  tasks: { processing: 8, waiting: 300, memory: 19, erred: 2 },
}

const kubernetes = () => Promise.reject(new Error('nobody asks'))

test('a cluster at work, for a pipe and for a terminal', async () => {
  const pipe = topTable(load, now, { paint: plain })
  await expect(`${pipe}\n`).toMatchFileSnapshot('golden/plugin-top-plain.txt')
  const terminal = topTable(load, now, { paint: coloured })
  await expect(`${terminal}\n`).toMatchFileSnapshot('golden/plugin-top-terminal.txt')
})

test('a cluster without workers, whose Dask does not tell of tasks', () => {
  const shown = topTable({ ...load, crew: aCrew(), tasks: undefined }, now, { paint: plain })
  expect(shown).toBe(
    'demo at tls://203.0.113.7:8786, up 10m: 0 workers, 0 threads, CPU 0%, memory 0 B\n\nNo worker has joined.',
  )
})

test.each([
  { order: 'name', first: 'w-i-1' },
  { order: 'cpu', first: 'w-i-2' },
  { order: 'memory', first: 'w-i-2' },
  { order: 'tasks', first: 'w-i-2' },
] as const)('by $order the first is $first', ({ order, first }) => {
  expect(ordered(workers, order)[0]?.name).toBe(first)
})

test('a terminal is drawn on in a page of its own, and keeps the last picture', async () => {
  let shown = ''
  const terminal = { isTTY: true, rows: 4, write: (text: string) => (shown += text) }
  const screen = new Screen(terminal, terminal, { output: 'text', env: {} })
  const stop = new AbortController()
  const pictures = ['one', 'two\nlines', 'three', 'never']
  await keepDrawing({ screen, env: {}, call: stop, kubernetes }, 1, async () => {
    if (pictures.length === 2) stop.abort(new Error('Ctrl-C'))
    return pictures.shift() ?? ''
  })
  const [enter, leave] = ['\u001B[?1049h\u001B[?25l', '\u001B[?25h\u001B[?1049l']
  expect(shown.startsWith(enter)).toBe(true)
  expect(shown.endsWith(`${leave}three\n`)).toBe(true)
  expect(shown).toContain('two\u001B[K\nlines\u001B[K')
})

test('a look that fails ends it, and gives the terminal back', async () => {
  let shown = ''
  const terminal = { isTTY: true, write: (text: string) => (shown += text) }
  const screen = new Screen(terminal, terminal, { output: 'text', env: {} })
  const drawing = keepDrawing({ screen, env: {}, call: new AbortController(), kubernetes }, 1, () =>
    Promise.reject(new Error('gone')),
  )
  await expect(drawing).rejects.toThrow('gone')
  expect(shown.endsWith('\u001B[?1049l')).toBe(true)
})

test('JSON is never drawn', () => {
  const terminal = { isTTY: true, write: () => undefined }
  expect(new Screen(terminal, terminal, { output: 'json', env: {} }).isLive).toBe(false)
})
