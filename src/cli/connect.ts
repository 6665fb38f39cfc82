import { mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from '../lib/option-kinds.ts'
import { usage } from './arguments.ts'
import { type Client, clientOf } from './client.ts'
import { isNow, type SeenCluster } from './cluster.ts'
import { type Desk, defineCommand, switchedOn, timeout } from './command.ts'
import { type Contents, type Files, writeConfig, writeCredentials } from './credentials-folder.ts'
import { runInstead } from './other-program.ts'
import { untilSo } from './waiting.ts'

export const connect = defineCommand({
  name: 'connect',
  summary: 'Writes certificates and a Dask configuration, so that Client() finds the cluster.',
  description: [
    'Reads the Secret of the cluster’s client and writes ca.crt, tls.crt, tls.key and dask.yaml into a folder of their own (mode 0700, files 0600, each replaced as a whole). Without --dir that is ~/.config/dask/daskcloud/NAMESPACE/NAME, and ~/.config/dask/daskcloud.yaml leads Dask there: Client() without an argument is this cluster, until another is connected. With --dir the folder alone is written, and DASK_CONFIG=DIR has the same effect. What this program did not write is never written over.',
    'With --exec, everything behind it is a command, which is run with DASK_SCHEDULER_ADDRESS and Dask’s TLS settings in its environment. Without --dir its certificates are in a temporary folder, which is removed when the command has ended. The exit code is the command’s (128 and the number of the signal that ended it; 127 where there is no such command, 126 where it cannot be run); signals are passed on to it.',
    'Certificates are renewed before they end: connect again then; status.certificates says when. It needs the right to get the cluster and the Secret.',
  ],
  positionals: [{ name: 'NAME' }],
  options: {
    dir: text({
      description: 'The folder that is written.',
      placeholder: 'DIR',
      default: undefined,
      defaultText: '~/.config/dask/daskcloud/NAMESPACE/NAME',
    }),
    wait: switchedOn('Waits until the cluster is Ready.'),
    timeout,
  },
  runsPrograms: 'CMD [ARG...]',
  examples: [
    { line: 'connect demo --wait', does: 'waits for demo, and makes it the cluster of Client()' },
    { line: 'connect demo --dir ./demo', does: 'writes a folder, and prints the lines that use it' },
    { line: 'connect demo --exec python job.py --size 10', does: 'runs a program as a client of demo' },
  ],
  async run({ values, words: [name = ''], program }, desk) {
    if (program?.length === 0) throw usage('--exec needs a command behind it')
    if (program !== undefined && desk.screen.output === 'json')
      throw usage('--output json has nothing to show beside --exec: the output is the command’s')
    const cluster = await clusterFor(name, values, desk)
    const contents = { client: await clientOf(cluster, desk), about: `${cluster.namespace}/${name}` }
    const dir = values.dir === undefined ? undefined : resolve(values.dir)
    if (program !== undefined) return runWith(program, { contents, dir }, desk)
    desk.screen.show(await connected(cluster, { contents, dir }, desk), shown)
    return 0
  },
})

interface How {
  readonly contents: Contents
  readonly dir: string | undefined
}

async function clusterFor(
  name: string,
  { wait, timeout: ms }: { readonly wait: boolean; readonly timeout: number },
  desk: Desk,
): Promise<SeenCluster> {
  const kubernetes = await desk.kubernetes()
  if (!wait) return kubernetes.cluster(name, desk.call)
  return untilSo(desk, { name, ms, what: `${name} is not ready` }, cluster => isNow(cluster, 'Ready'))
}

async function connected({ namespace, name }: SeenCluster, { contents, dir }: How, desk: Desk) {
  const usual = join(desk.env['HOME'] || homedir(), '.config', 'dask')
  const folder = dir ?? join(usual, 'daskcloud', namespace, name)
  const { files, config } = await writeCredentials(folder, contents)
  const used = dir === undefined ? join(usual, 'daskcloud.yaml') : config
  if (dir === undefined) await writeConfig(used, folder, contents)
  const { address } = contents.client
  const winner = desk.env['DASK_SCHEDULER_ADDRESS']
  if (dir === undefined && winner !== undefined && winner !== address)
    desk.screen.note(`DASK_SCHEDULER_ADDRESS is set here, and wins over what was written: ${winner}`)
  const needs = dir === undefined ? {} : { DASK_CONFIG: dir }
  const python = pythonLines(address, files)
  return { cluster: name, namespace, address, folder, files, config: used, environment: needs, python }
}

function shown(result: Awaited<ReturnType<typeof connected>>): string {
  const { cluster, address, folder, config, environment, python } = result
  const said = Object.entries(environment).map(([key, value]) => `  export ${key}=${value}`)
  return [
    `${cluster} is at ${address}`,
    `Certificates: ${folder}`,
    `Configuration: ${config}`,
    '',
    said.length === 0 ? 'Dask finds it by itself:' : 'With this set, Dask finds it by itself:',
    ...said,
    '  from distributed import Client',
    '  client = Client()',
    '',
    'Or, whatever else is configured:',
    ...python.map(line => `  ${line}`),
  ].join('\n')
}

/** JSON's texts are Python's, too. */
function pythonLines(address: string, files: Files | undefined): readonly string[] {
  const to = JSON.stringify(address)
  if (files === undefined) return ['from distributed import Client', `client = Client(${to})`]
  return [
    'from distributed import Client, Security',
    `security = Security(tls_ca_file=${JSON.stringify(files.ca)}, tls_client_cert=${JSON.stringify(files.cert)},`,
    `                    tls_client_key=${JSON.stringify(files.key)}, require_encryption=True)`,
    `client = Client(${to}, security=security)`,
  ]
}

/** Nobody else reads the folder, and it goes with the program unless it was asked for by name. */
async function runWith(program: readonly string[], { contents, dir }: How, desk: Desk): Promise<number> {
  const { env, screen } = desk
  const folder = dir ?? (await mkdtemp(join(tmpdir(), 'daskcloud-')))
  try {
    const { files } = await writeCredentials(folder, contents)
    desk.call.signal.throwIfAborted()
    return await runInstead(program, { ...env, ...variables(contents.client, files) }, problem =>
      screen.note(problem),
    )
  } finally {
    if (dir === undefined) await rm(folder, { recursive: true, force: true })
  }
}

/** Dask reads its configuration from variables, too, and they win over files. */
function variables({ address }: Client, files: Files | undefined): Readonly<Record<string, string>> {
  const comm = 'DASK_DISTRIBUTED__COMM__'
  if (files === undefined) return { DASK_SCHEDULER_ADDRESS: address, [`${comm}REQUIRE_ENCRYPTION`]: 'False' }
  return {
    DASK_SCHEDULER_ADDRESS: address,
    [`${comm}REQUIRE_ENCRYPTION`]: 'True',
    [`${comm}TLS__CA_FILE`]: files.ca,
    [`${comm}TLS__CLIENT__CERT`]: files.cert,
    [`${comm}TLS__CLIENT__KEY`]: files.key,
  }
}
