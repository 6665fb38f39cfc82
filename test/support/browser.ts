import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { isRecord } from '../../src/lib/parse.ts'
import { poll } from '../../src/lib/wait.ts'
import { onPath, step } from './python.ts'

/** What Debian calls the packages with these programs. */
const programs = { chromium: 'chromium', certutil: 'libnss3-tools', pk12util: 'libnss3-tools' } as const
const patience = () => ({ signal: AbortSignal.timeout(30_000) })

/** Why no browser can be had here, or undefined. */
export async function noBrowser(): Promise<string | undefined> {
  for (const [program, debian] of Object.entries(programs))
    if ((await onPath(program)) === undefined) return `${program} is missing: apt-get install ${debian}`
  return undefined
}

export interface BrowserOptions {
  /** Empty; everything that the browser keeps is in it. */
  readonly folder: string
  /** Of files as a person would import them: PKCS #12 with what its password stands in, and an authority. */
  readonly files: { readonly pkcs12: string; readonly password: string; readonly authority: string }
  /** The one site that the certificate is shown to without asking, and where it is. */
  readonly site: { readonly origin: string; readonly address: string }
}

/** A Chromium without a window and with a client's certificate, steered through a pipe: it opens no port. */
export class Browser implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #to: Writable
  readonly #waiting = new Map<number, (message: Readonly<Record<string, unknown>>) => void>()
  #asked = 0
  #session: string | undefined

  private constructor(child: ChildProcess, to: Writable, from: Readable) {
    this.#child = child
    this.#to = to
    let rest = ''
    from.setEncoding('utf8').on('data', (text: string) => {
      const messages = (rest + text).split('\0')
      rest = messages.pop() ?? ''
      for (const message of messages) this.#hear(JSON.parse(message))
    })
    to.on('error', () => undefined)
  }

  static async open({ folder, files, site }: BrowserOptions): Promise<Browser> {
    const keys = join(folder, '.pki', 'nssdb')
    const profile = join(folder, 'profile')
    await mkdir(keys, { recursive: true })
    await mkdir(join(profile, 'Default'), { recursive: true })
    const database = ['-d', `sql:${keys}`]
    await step('certutil', [...database, '-N', '--empty-password'], patience())
    const imported = ['-i', files.pkcs12, '-w', files.password, '-K', '']
    await step('pk12util', [...database, ...imported], patience())
    await step('certutil', [...database, '-A', '-t', 'C,,', '-n', 'ca', '-i', files.authority], patience())
    await writeFile(join(profile, 'Default', 'Preferences'), JSON.stringify(choosing(site.origin)))
    const child = spawn(
      'chromium',
      [...flags, `--user-data-dir=${profile}`, ...resolving(site), 'about:blank'],
      {
        env: { PATH: process.env['PATH'], HOME: folder },
        stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
        detached: true,
      },
    )
    const browser = new Browser(child, child.stdio[3] as Writable, child.stdio[4] as Readable)
    await browser.#attach()
    return browser
  }

  async goTo(url: string): Promise<void> {
    const { errorText } = await this.#ask('Page.navigate', { url })
    if (typeof errorText === 'string') throw new Error(`${url}: ${errorText}`)
  }

  /** What an expression has come to on the page, as soon as it is anything but null. */
  read(expression: string): Promise<unknown> {
    return poll(
      async () => {
        const { result } = await this.#ask('Runtime.evaluate', { expression, returnByValue: true })
        return isRecord(result) ? (result['value'] ?? undefined) : undefined
      },
      100,
      patience(),
    )
  }

  /** PNG. */
  async picture(): Promise<Buffer> {
    const { data } = await this.#ask('Page.captureScreenshot', { format: 'png' })
    return Buffer.from(String(data), 'base64')
  }

  /** The whole group: it has started others. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { pid, exitCode } = this.#child
    const ended = exitCode === null ? once(this.#child, 'exit', patience()) : undefined
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
    await ended
  }

  async #attach(): Promise<void> {
    const page = await poll(
      async () => {
        const { targetInfos } = await this.#ask('Target.getTargets')
        const found: readonly unknown[] = Array.isArray(targetInfos) ? targetInfos : []
        return found.find(each => isRecord(each) && each['type'] === 'page')
      },
      100,
      patience(),
    )
    const targetId = isRecord(page) ? page['targetId'] : undefined
    const { sessionId } = await this.#ask('Target.attachToTarget', { targetId, flatten: true })
    this.#session = String(sessionId)
  }

  #ask(method: string, params: object = {}): Promise<Readonly<Record<string, unknown>>> {
    const id = ++this.#asked
    const session = method.startsWith('Target.') ? {} : { sessionId: this.#session }
    this.#to.write(`${JSON.stringify({ id, method, params, ...session })}\0`)
    return new Promise((resolve, reject) => {
      const { signal } = patience()
      signal.addEventListener('abort', () => reject(new Error(`Chromium does not answer ${method}`)))
      this.#waiting.set(id, ({ result, error }) =>
        isRecord(result) ? resolve(result) : reject(new Error(`${method}: ${JSON.stringify(error)}`)),
      )
    })
  }

  #hear(message: unknown): void {
    if (!isRecord(message) || typeof message['id'] !== 'number') return
    this.#waiting.get(message['id'])?.(message)
    this.#waiting.delete(message['id'])
  }
}

const flags = [
  '--headless=new',
  '--remote-debugging-pipe',
  // Root's processes cannot be put into its sandbox, and there is no stranger's page to keep there.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--no-first-run',
  '--hide-scrollbars',
  '--window-size=1280,760',
]

/** By its name, so that its certificate is checked as any other; nothing else has an address. */
const resolving = ({ origin, address }: BrowserOptions['site']): readonly string[] => [
  `--host-resolver-rules=MAP ${new URL(origin).hostname} ${address}, MAP * ~NOTFOUND`,
]

/** As if a person had chosen the one certificate that there is. */
const choosing = (origin: string) => ({
  profile: {
    content_settings: {
      exceptions: { auto_select_certificate: { [`${origin},*`]: { setting: { filters: [{}] } } } },
    },
  },
})
