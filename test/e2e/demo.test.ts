import { rm } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { temporaryFolder } from '../../scripts/remains.ts'
import { poll } from '../../src/lib/wait.ts'
import { Demo, nothing, processesWith } from '../support/demo-process.ts'

describe('npm run demo', () => {
  let folder = ''
  beforeEach(async ({ skip }) => {
    const plane = inject('controlPlane')
    if (plane.kind === 'none') skip(plane.reason)
    folder = await temporaryFolder('demo-test')
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  test('tells a cluster’s life in order, and leaves nothing', async () => {
    const demo = new Demo(folder)
    expect({ code: await demo.end(), said: demo.output }).toMatchObject({ code: 0 })
    const prepared = ['API server', 'CRD', 'operator']
    const served = [
      'applied',
      'certificates',
      'machines',
      'scheduler',
      'workers',
      'Ready',
      'result',
      'stranger',
    ]
    const ended = ['asked', 'machines', 'deleted', 'nothing left', 'stopped']
    expect(demo.steps).toEqual([...prepared, ...served, ...ended])
    expect(demo.output).toMatch(/result +sum of the squares below 1000: 332833500, by [1-4] worker processes/)
    expect(demo.output).toMatch(/nothing left +0 of its \d\d+ processes run; 0 Secrets/)
    // A pipe gets no colours.
    expect(demo.output).not.toContain('\u001b')
    await nothing(demo)
  })

  test.each([
    { when: 'while the API server starts', text: 'on this computer', words: [] },
    { when: 'while the machines start', text: 'event Launching', words: [] },
    { when: 'while everything is kept', text: 'Everything runs until Ctrl-C', words: ['--keep'] },
  ])('Ctrl-C $when ends it with 130 and leaves nothing', async ({ text, words }) => {
    const demo = new Demo(folder, words)
    await demo.says(text)
    expect({ code: await demo.end('SIGINT'), said: demo.output }).toMatchObject({ code: 130 })
    await nothing(demo)
  })

  test('killed, it leaves nothing either', async () => {
    const demo = new Demo(folder)
    await demo.says('event Launching')
    await demo.end('SIGKILL')
    const machines = async (): Promise<true | undefined> =>
      (await processesWith(folder)).length === 0 ? true : undefined
    await poll(machines, 100, { signal: AbortSignal.timeout(30_000) }).catch(() => undefined)
    expect(await processesWith(folder)).toEqual([])
  })

  test('without Python it says what to install', async () => {
    const demo = new Demo(folder, [], { PATH: folder })
    expect(await demo.end()).toBe(1)
    expect(demo.output).toContain('Install Python 3.10 or newer')
    await nothing(demo)
  })

  test('with simulated clusters it counts them, has machines replaced, survives its operator and leaves nothing', async () => {
    const demo = new Demo(folder, ['--simulated', '12'], { PATH: folder })
    expect({ code: await demo.end(), said: demo.output }).toMatchObject({ code: 0 })
    const risen = ['applied', 'Ready', 'apply to Ready', 'requests', 'memory']
    const survived = ['taken', 'replaced', 'killed', 'leads', 'adopted']
    const prepared = ['API server', 'CRD', 'operator']
    const ended = ['deleted', 'nothing left', 'stopped']
    expect(demo.steps).toEqual([...prepared, ...risen, ...survived, ...ended])
    expect(demo.output).toMatch(/Ready +12 clusters with 36 machines, [\d.]+ clusters\/s/)
    expect(demo.output).toMatch(/apply to Ready +p50 [\d.]+ s, p99 [\d.]+ s/)
    expect(demo.output).toMatch(/memory +\d+ MB resident/)
    expect(demo.output).toContain('40 machines made in all = 36 wanted + 4 taken: none doubled')
    expect(demo.output).toContain('52 machines made in all = 48 wanted + 4 taken: none doubled')
    expect(demo.output).toContain('0 of the 52 machines that were made live; 0 addresses, 0 Secrets')
    await nothing(demo)
  })

  test.each([
    { when: 'while simulated clusters are applied', text: 'machines are simulated', words: [] },
    { when: 'after the operator was killed', text: 'another operator starts', words: [] },
    { when: 'while simulated clusters are kept', text: 'Everything runs until Ctrl-C', words: ['--keep'] },
  ])('Ctrl-C $when ends it with 130 and leaves nothing', async ({ text, words }) => {
    const demo = new Demo(folder, ['--simulated', '6', ...words])
    await demo.says(text)
    expect({ code: await demo.end('SIGINT'), said: demo.output }).toMatchObject({ code: 130 })
    await nothing(demo)
  })

  test('a word it does not know is refused', async () => {
    const demo = new Demo(folder, ['--kepe'])
    expect(await demo.end()).toBe(2)
    expect(demo.output).toContain('--kepe is not a setting; did you mean --keep?')
  })
})
