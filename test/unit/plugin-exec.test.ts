import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { runInstead } from '../../src/cli/other-program.ts'

const run = async (...words: readonly string[]) => {
  const notes: string[] = []
  const code = await runInstead(words, { ...process.env, WORD: 'open' }, text => notes.push(text))
  return { code, notes: notes.join('') }
}

test.each([
  { words: ['sh', '-c', 'exit 0'], code: 0 },
  { words: ['sh', '-c', 'exit 42'], code: 42 },
  { words: ['sh', '-c', 'test "$WORD" = open'], code: 0 },
  { words: ['sh', '-c', 'kill -TERM $$'], code: 143 },
  { words: ['no-such-program'], code: 127 },
  { words: ['/etc/passwd'], code: 126 },
])('$words comes to $code', async ({ words, code }) => {
  expect((await run(...words)).code).toBe(code)
})

test('a program that is not there is named', async () => {
  expect((await run('no-such-program')).notes).toContain('no-such-program cannot be run')
})

/** A program of ours that runs one which tells when it is there, and which signal it got. */
const ours = `
import { runInstead } from './src/cli/other-program.ts'
const other = 'trap "echo heard; exit 9" TERM HUP INT; echo here; for i in $(seq 400); do sleep 0.05; done'
process.exitCode = await runInstead(['sh', '-c', other], process.env, console.error)
console.log('after')
`

test.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)(
  '%s is passed on, and what is ours is done afterwards',
  async signal => {
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', ours], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.on('data', (bytes: Buffer) => {
      said += bytes.toString()
      if (said === 'here\n') child.kill(signal)
    })
    expect(await once(child, 'close')).toEqual([9, null])
    expect(said).toBe('here\nheard\nafter\n')
  },
)
