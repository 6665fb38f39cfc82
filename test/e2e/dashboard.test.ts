import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'

import { clusterUid } from '../../src/model/names.ts'
import { createBundle } from '../../src/pki/bundle.ts'
import { schedulerServerName } from '../../src/pki/identity.ts'
import { Browser, noBrowser } from '../support/browser.ts'
import { type ClusterResource, ClusterStage, conditionOf } from '../support/cluster-e2e.ts'
import { controlPlane } from '../support/control-plane.ts'
import { inTime } from '../support/dask-processes.ts'
import { answerOf, DaskUser } from '../support/dask-user.ts'
import { anIdentity } from '../support/pki-fixture.ts'
import { tell } from '../support/python.ts'

const run = promisify(execFile)
const plane = controlPlane()
const spec = {
  cloud: { local: {} },
  dashboard: { expose: true },
  workers: { replicas: 2, threads: 2, memory: '1GiB' },
}
const lacking = await noBrowser()
const other = createBundle(anIdentity, Date.now())
const stranger = other.client
const preload = join(import.meta.dirname, '../../src/bootstrap/machine/dask_dashboard.py')

let stage: ClusterStage
let cluster: ClusterResource
let user: DaskUser
let files: string
/** The scheduler's own name, and the address that it is at. */
let origin: string
let address: string

plane.prepare(async () => {
  stage = await ClusterStage.open(plane)
  const began = performance.now()
  await stage.apply('demo', spec)
  cluster = await stage.settled('demo', 180_000)
  tell(`Ready ${Math.round(performance.now() - began)} ms after kubectl apply, with what draws the pages`)
  origin = `https://${schedulerServerName(clusterUid(cluster.metadata.uid))}:8787`
  address = new URL(cluster.status.dashboardURL ?? origin).hostname
  user = await DaskUser.create(stage.python, await stage.subfolder('user'), {
    secret: await stage.clientSecret('demo'),
    scheduler: cluster.status.schedulerAddress,
  })
  files = join(user.folder, 'dask')
  await writeFile(join(files, 'stranger.crt'), stranger.certificate)
  await writeFile(join(files, 'stranger.key'), stranger.key)
  await writeFile(join(files, 'other.crt'), other.authority.certificate)
})
afterAll(async () => stage?.[Symbol.asyncDispose]())

const pem = (name: string): readonly string[] => ['--cert', `${name}.crt`, '--key', `${name}.key`]
const shown = { none: [], foreign: pem('stranger'), right: pem('tls') } as const

/** The status that curl is answered with; 000 where it is not let in. */
async function curl(url: string, ...more: readonly string[]): Promise<string> {
  const site = ['--resolve', `${new URL(origin).host}:${address}`, '--cacert', 'ca.crt']
  const args = ['--silent', '--output', '/dev/null', '--write-out', '%{http_code}', ...site, ...more, url]
  const { stdout } = await run('curl', args, { cwd: files, timeout: 20_000 }).catch(
    (error: { stdout: string }) => error,
  )
  return stdout
}

describe('an exposed dashboard', () => {
  test('is linked to in status', () => {
    const { schedulerAddress, dashboardURL } = cluster.status
    expect(dashboardURL).toBe(schedulerAddress?.replace('tls:', 'https:').replace(':8786', ':8787/status'))
  })

  test.each([
    { given: 'no certificate', cert: shown.none, want: '000' },
    { given: 'a certificate of another cluster', cert: shown.foreign, want: '000' },
    { given: 'the cluster’s own', cert: shown.right, want: '200' },
  ])('answers curl with $given: $want', async ({ cert, want }) => {
    for (const path of ['/status', '/json/counts.json', '/health'])
      expect([path, await curl(`${origin}${path}`, ...cert)]).toEqual([path, want])
  })

  test('answers curl with client.p12, and nothing without TLS', async () => {
    const password = (await readFile(join(files, 'client.p12.password'))).toString()
    expect(await curl(`${origin}/status`, '--cert-type', 'P12', '--cert', `client.p12:${password}`)).toBe(
      '200',
    )
    expect(await curl(`http://${address}:8787/status`)).toBe('000')
  })
})

test('the commands of the page on security succeed with the certificate, and fail without it where it says', async () => {
  const page = await readFile('docs/security.md', 'utf8')
  const [, lines = ''] = /### A refusal of your own cluster[^]*?```sh\n([^`]+)```/.exec(page) ?? []
  const script = lines.replace(/\$\(kubectl [^)]*\)/, cluster.metadata.uid).replace('198.51.100.7', address)
  // Its exit code is that of the last command, which is to be refused.
  const told = await run('bash', ['-c', script], { cwd: files, timeout: 60_000 }).catch(
    (error: { stdout: string; stderr: string }) => error,
  )
  const said = `${told.stdout}${told.stderr}`
  const times = (words: RegExp): number => [...said.matchAll(words)].length
  expect({
    accepted: times(/Verification: OK/g),
    answered: times(/"workers": 2/g),
    refused: times(/^(?!curl).*alert handshake failure/gm),
    after: times(/curl: \(5[56]\)/g),
    during: times(/curl: \(35\).*alert handshake failure/g),
  }).toEqual({ accepted: 2, answered: 1, refused: 2, after: 1, during: 1 })
})

/** What becomes of a websocket: 101 where it is opened. */
async function socket(path: string, credential: object, from = origin): Promise<number | 'refused'> {
  const ca = await readFile(join(files, 'ca.crt'))
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    origin: from,
    'sec-websocket-version': '13',
    'sec-websocket-key': Buffer.alloc(16).toString('base64'),
    'sec-websocket-protocol': 'bokeh',
  }
  const asked = request({
    host: address,
    port: 8787,
    path,
    servername: new URL(origin).hostname,
    ca,
    headers: { host: new URL(origin).host, ...headers },
    agent: false,
    ...credential,
  }).end()
  try {
    const [answer] = await Promise.any([
      once(asked, 'upgrade', inTime(20_000)),
      once(asked, 'response', inTime(20_000)),
    ])
    return answer.statusCode
  } catch {
    return 'refused'
  } finally {
    asked.destroy()
  }
}

const own = async () => ({
  cert: await readFile(join(files, 'tls.crt')),
  key: await readFile(join(files, 'tls.key')),
})

describe('its websockets', () => {
  test.each(['/eventstream', '/status/ws'])('%s open for the cluster’s certificate alone', async path => {
    expect(await socket(path, {})).toBe('refused')
    expect(await socket(path, { cert: stranger.certificate, key: stranger.key })).toBe('refused')
    expect(await socket(path, await own())).toBe(101)
  })

  test('open for no page of another site, whose reader has the certificate', async () => {
    expect(await socket('/status/ws', await own(), 'https://elsewhere.example')).toBe(403)
  })
})

const verdicts = `
import importlib.util, json, ssl, sys, dask
sys.dont_write_bytecode = True
dask.config.set({'distributed.comm.tls.ca-file': 'dask/ca.crt'})
found = importlib.util.spec_from_file_location('dask_dashboard', sys.argv[1])
preload = importlib.util.module_from_spec(found)
found.loader.exec_module(preload)

def verdict(*authorities):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for each in authorities:
        context.load_verify_locations(f'dask/{each}.crt')
    try:
        preload.guard(context)
    except RuntimeError:
        return 'refused'
    return [context.verify_mode.name, context.minimum_version >= ssl.TLSVersion.TLSv1_2]

print(json.dumps([verdict(), verdict('other'), verdict('ca', 'other'), verdict('ca')]))
`

const unencrypted = `
import os, sys
words = '--host 127.0.0.1 --port 0 --dashboard-address 127.0.0.1:0 --preload'.split()
os.execv(sys.executable, [sys.executable, '-B', '-m', 'distributed.cli.dask_scheduler', *words, sys.argv[1]])
`

describe('its guard', () => {
  test('asks for certificates of the cluster’s authority, and lets no other be trusted', async () => {
    const told = answerOf(await user.run(verdicts, [preload]))
    expect(told).toEqual(['refused', 'refused', 'refused', ['CERT_REQUIRED', true]])
  })

  test('ends a scheduler whose pages have no TLS', async () => {
    const { status, errors } = await user.run(unencrypted, [preload])
    expect(status).toBe(1)
    expect(errors).toContain('the dashboard has no TLS: it is not served')
  })
})

/** Whether anything is drawn: what Bokeh makes stands in the shadows. */
const drawn = `(function hasCanvas(root) {
  return [...root.querySelectorAll('*')].some(each => each.tagName === 'CANVAS' || (each.shadowRoot && hasCanvas(each.shadowRoot)))
})(document) || null`

test('Chromium with client.p12 shows the status page', async ({ skip }) => {
  skip(lacking !== undefined, lacking)
  const job = user.count(0.2, 'seen')
  await job.goesOn()
  const options = {
    folder: await stage.subfolder('browser'),
    files: {
      pkcs12: join(files, 'client.p12'),
      password: join(files, 'client.p12.password'),
      authority: join(files, 'ca.crt'),
    },
    site: { origin, address },
  }
  await using browser = await Browser.open(options)
  await browser.goTo(`${origin}/status`)
  // The title, the figures and what is in them come through the websocket.
  expect(await browser.read(`document.title.includes('Status') ? document.title : null`)).toBe('Dask: Status')
  expect(await browser.read(drawn)).toBe(true)
  await job.goesOn()
  const picture = await browser.picture()
  expect(picture.subarray(1, 4).toString()).toBe('PNG')
  // docs/images/dashboard.png is such a picture.
  const path = process.env['DASHBOARD_PICTURE']
  if (path !== undefined) await writeFile(path, picture)
  await job.end()
})

test('is gone from status and Secret as soon as it is not to be shown, and the scheduler stays until it may end', async () => {
  await stage.patch('demo', { dashboard: { expose: false } })
  const hidden = await stage.until('demo', ({ status }) => status.dashboardURL === undefined)
  expect(conditionOf(hidden, 'UpdatePending')?.reason).toBe('DashboardChanged')
  await stage.until('demo', async () => !('client.p12' in ((await stage.clientSecret('demo'))?.data ?? {})))
})
