import { expect, test } from 'vitest'
import { commandOf, usage } from '../../scripts/demo/command.ts'

const cluster = { file: 'a.yaml', context: undefined }

test.each([
  { words: [], asked: { simulated: undefined, cluster: undefined, keep: false } },
  { words: ['--keep'], asked: { simulated: undefined, cluster: undefined, keep: true } },
  { words: ['--simulated', '300'], asked: { simulated: 300, cluster: undefined, keep: false } },
  { words: ['--simulated=1', '--keep'], asked: { simulated: 1, cluster: undefined, keep: true } },
  { words: ['--kubeconfig', 'a.yaml'], asked: { simulated: undefined, cluster, keep: false } },
  {
    words: ['--kubeconfig', 'a.yaml', '--context', 'kind-b', '--simulated', '5'],
    asked: { simulated: 5, cluster: { file: 'a.yaml', context: 'kind-b' }, keep: false },
  },
])('$words is understood', ({ words, asked }) => {
  expect(commandOf(words)).toEqual({ kind: 'play', asked })
})

test.each([
  { words: ['--simulated'], problem: '--simulated needs a value' },
  { words: ['--simulated', '0'], problem: 'from 1 to 2000, found "0"' },
  { words: ['--simulated', '2001'], problem: 'from 1 to 2000' },
  { words: ['--simulated', 'many'], problem: 'must be a whole number' },
  { words: ['--kubeconfig', '--keep'], problem: '--kubeconfig needs a value' },
  { words: ['--kubeconfig='], problem: '--kubeconfig must not be empty' },
  { words: ['--context', 'kind-b'], problem: '--kubeconfig FILE, which is not given' },
  { words: ['--keep', '--keep'], problem: 'given twice' },
  { words: ['--simulate', '3'], problem: 'did you mean --simulated?' },
])('$words is refused', ({ words, problem }) => {
  expect(commandOf(words)).toMatchObject({ kind: 'wrong', problem: expect.stringContaining(problem) })
})

test('help wins over everything and names every option', () => {
  expect(commandOf(['--kepe', '--help'])).toEqual({ kind: 'help' })
  for (const option of ['--simulated', '--kubeconfig', '--context', '--keep']) expect(usage).toContain(option)
})
