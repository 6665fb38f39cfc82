import { isExecutable } from '../controlplane/source.ts'
import { build } from '../go-build.ts'
import { keptAt, lackOfGo } from '../go-tools.ts'

interface Asked {
  readonly signal: AbortSignal
  readonly progress: (line: string) => void
}

const here = import.meta.dirname

/** It cannot be had here; the message says what to install. */
export class NoPromtool extends Error {
  override readonly name = 'NoPromtool'
}

/** Prometheus' own, from the cache, else built with Go at the version of `go.mod`. Throws `NoPromtool` where there is no Go. */
export async function findPromtool(asked: Asked): Promise<string> {
  const promtool = await keptAt({ name: 'promtool', folder: here, files: ['go.mod', 'go.sum'] })
  if (await isExecutable(promtool)) return promtool
  const lack = await lackOfGo()
  if (lack !== undefined) throw new NoPromtool(`no promtool: ${lack}`)
  await build(
    {
      name: 'alert tools',
      what: 'promtool with Go, about a minute on two cores, once',
      sources: here,
      target: promtool,
      runs: into => [[...small, '-o', into, 'github.com/prometheus/prometheus/cmd/promtool']],
    },
    asked,
  )
  return promtool
}

/** Without the clouds in which Prometheus finds what it reads: rules need none of them, and they are most of it. */
const small = ['-tags', 'remove_all_sd', '-ldflags', '-s -w']
