import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { commands } from '../../src/cli/commands.ts'
import { exits } from '../../src/cli/exit.ts'
import { commandHelp, optionsOf, usageOf } from '../../src/cli/help.ts'
import { runPlugin } from '../../src/cli/program.ts'

const env = { HOME: '/nowhere', KUBECONFIG: '/nowhere/config' }

/** What a command line comes to where there is no API server. */
async function play(...argv: readonly string[]) {
  const told = { results: '', notes: '' }
  const into = (name: keyof typeof told) => ({ write: (text: string) => (told[name] += text) })
  const around = { env, results: into('results'), notes: into('notes'), version: '1.2.3' }
  return { code: await runPlugin(argv, around), ...told }
}

test.each([
  { words: ['conect', 'demo'], problem: '"conect" is no command; there are connect, ' },
  { words: ['connect'], problem: 'connect: NAME is missing. See connect --help' },
  { words: ['connect', 'a', 'b'], problem: '"b" is one word too many' },
  { words: ['connect', 'a', '--exec'], problem: '--exec needs a command behind it' },
  {
    words: ['connect', 'a', '-o', 'json', '--exec', 'ls'],
    problem: '--output json has nothing to show beside --exec',
  },
  { words: ['connect', 'a', '--timeout', 'soon'], problem: '--timeout must be a time from 1s to 24h' },
  { words: ['connect', 'a', '--dri', 'x'], problem: "Unknown option '--dri'" },
  { words: ['connect', 'a', '--dir'], problem: "Option '--dir <value>' argument missing" },
  { words: ['describe', 'a', '-o', 'yaml'], problem: '--output must be one of text, json, found "yaml"' },
  { words: ['scale', 'a', 'many'], problem: 'N must be a whole number from 0 to 1000, found "many"' },
  { words: ['scale', 'a', '1001'], problem: 'found "1001"' },
])('$words is a wrong command line', async ({ words, problem }) => {
  const { code, results, notes } = await play(...words)
  expect({ code, results }).toEqual({ code: exits.usage.code, results: '' })
  expect(notes).toContain(problem)
  expect(notes.trim().split('\n')).toHaveLength(1)
})

test('without an API server it says what was looked for, and ends with 1', async () => {
  const { code, notes } = await play('describe', 'demo')
  expect(code).toBe(exits.failed.code)
  expect(notes).toContain('the kubeconfig cannot be read')
})

test('help is a result, and without a command it is a complaint', async () => {
  expect(await play('--help')).toMatchObject({ code: 0, notes: '' })
  expect(await play()).toMatchObject({ code: 2 })
  expect(await play('scale', '--help')).toMatchObject({
    code: 0,
    results: expect.stringContaining('scale NAME N'),
  })
  expect(await play('help', 'scale')).toEqual(await play('scale', '-h'))
  expect(await play('--version')).toMatchObject({ code: 0, results: '1.2.3\n' })
})

describe.each(commands.map(command => ({ name: command.name, command })))('$name', ({ command }) => {
  const page = readFileSync('docs/kubectl-daskcloud.md', 'utf8')

  test('has its usage, flags and examples on its page and in its help', () => {
    const help = commandHelp(command)
    for (const text of [usageOf(command), ...command.examples.map(({ line }) => line)]) {
      expect(page).toContain(text)
      expect(help).toContain(text)
    }
    for (const { head } of optionsOf(command)) {
      expect(page).toContain(`| \`${head.replaceAll('|', String.raw`\|`)}\` |`)
      expect(help).toContain(head)
    }
  })

  test('understands its own examples', () => {
    const lines = command.examples.map(({ line }) => line.split(' | ')[0]?.split(' ').slice(1) ?? [])
    for (const words of lines) expect(command.prepare(words)).toMatchObject({ common: expect.anything() })
  })
})
