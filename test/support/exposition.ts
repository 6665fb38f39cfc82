/** One line of what an operator serves at /metrics. */
export interface Sample {
  /** Of the line: a histogram's end in `_bucket`, `_sum` or `_count`. */
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

export interface Exposition {
  /** Types by the names of metrics. */
  readonly types: ReadonlyMap<string, string>
  readonly helps: ReadonlyMap<string, string>
  readonly samples: readonly Sample[]
}

export function parseExposition(text: string): Exposition {
  const said = (word: string): ReadonlyMap<string, string> =>
    new Map(
      [...text.matchAll(new RegExp(`^# ${word} (\\S+) (.*)$`, 'gm'))].map(([, name = '', rest = '']) => [
        name,
        rest,
      ]),
    )
  const lines = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return { types: said('TYPE'), helps: said('HELP'), samples: lines.map(sampleOf) }
}

function sampleOf(line: string): Sample {
  const [, name = '', inner = ''] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/.exec(line) ?? []
  if (name === '') throw new Error(`no sample: ${line}`)
  const pairs = [...inner.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)]
  return { name, labels: Object.fromEntries(pairs.map(([, label = '', value = '']) => [label, value])) }
}
