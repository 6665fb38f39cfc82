import { runPlugin } from '../../src/cli/program.ts'
import { record } from '../../src/lib/parse.ts'

/** What a command of kubectl daskcloud tells a program; throws where it fails. */
export async function pluginTold(
  kubeconfig: string,
  ...words: readonly string[]
): Promise<Readonly<Record<string, unknown>>> {
  let [results, notes] = ['', '']
  const code = await runPlugin([...words, '-o', 'json'], {
    env: { ...process.env, KUBECONFIG: kubeconfig },
    results: { write: text => (results += text) },
    notes: { write: text => (notes += text) },
    version: '0.0.0',
  })
  if (code !== 0) throw new Error(`daskcloud ${words.join(' ')} ended with ${code}: ${notes}`)
  return record(JSON.parse(results), 'result')
}
