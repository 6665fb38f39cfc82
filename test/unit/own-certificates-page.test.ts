import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readGiven } from '../../src/pki/given.ts'
import type { GivenSecret } from '../../src/pki/given-refusals.ts'

const page = readFileSync('docs/own-certificates.md', 'utf8')

/** The shell of a section, its blocks in their order. */
function shellOf(title: string): readonly string[] {
  const section = page.split(/^### /m).find(each => each.startsWith(`${title}\n`)) ?? ''
  return [...section.matchAll(/```sh\n([^`]*)```/g)].map(([, block = '']) => block)
}

/** A folder in which the page's lines are run by bash; kubectl only keeps the files that it is given for a Secret. */
class Follower implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'own-certificates-'))

  constructor() {
    const kept = 'case "$1 $2" in "create secret") mkdir "$SECRETS/$4"; shift 4 ;; *) exit 0 ;; esac\n'
    const each =
      'for given; do from=${given#--from-file=}; cp "${from#*=}" "$SECRETS/$NAME/${from%%=*}"; done\n'
    mkdirSync(join(this.folder, 'bin'))
    mkdirSync(join(this.folder, 'secrets'))
    writeFileSync(join(this.folder, 'bin', 'kubectl'), `#!/bin/bash\nNAME=$4\n${kept}${each}`, {
      mode: 0o755,
    })
  }

  run(script: string): void {
    const PATH = `${join(this.folder, 'bin')}:${process.env['PATH'] ?? ''}`
    const env = { ...process.env, PATH, SECRETS: join(this.folder, 'secrets') }
    execFileSync('bash', ['-ec', script], { cwd: this.folder, env, stdio: 'pipe' })
  }

  secret(name: string): GivenSecret {
    const read = (key: string): string => readFileSync(join(this.folder, 'secrets', name, key), 'utf8')
    return {
      name,
      texts: Object.fromEntries(['ca.crt', 'tls.crt', 'tls.key'].map(key => [key, read(key)])),
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

test('what the page has somebody make passes every check, as one Secret for all roles and as one for each', () => {
  using follower = new Follower()
  const [authority = '', kept = ''] = shellOf('From nothing to a cluster')
  const [roles = ''] = shellOf('A key for each role')
  follower.run([authority, kept, roles].join('\n'))
  const own = follower.secret('own-certificates')
  expect(readGiven({ scheduler: own, worker: own, client: own }, Date.now())).toMatchObject({ kind: 'good' })
  const [scheduler, worker, client] = ['scheduler', 'worker', 'client'].map(role =>
    follower.secret(`own-${role}`),
  )
  if (scheduler === undefined || worker === undefined || client === undefined)
    throw new Error('one is missing')
  expect(readGiven({ scheduler, worker, client }, Date.now())).toMatchObject({ kind: 'good' })
  expect(readGiven({ scheduler: client, worker, client }, Date.now())).toMatchObject({ kind: 'bad' })
  const { subjectAltName } = new X509Certificate(own.texts['tls.crt'] ?? '')
  expect(subjectAltName).toBe('DNS:own-certificates.dask.example, DNS:own-certificates-scheduler.default.svc')
  const keys = [scheduler, worker, client, own].map(({ texts }) => texts['tls.key'])
  expect(new Set(keys).size).toBe(4)
})
