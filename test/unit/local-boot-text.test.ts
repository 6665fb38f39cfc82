import { describe, expect, test } from 'vitest'

import { renderUnit } from '../../src/bootstrap/unit.ts'
import { renderUserData } from '../../src/bootstrap/user-data.ts'
import { interpret } from '../../src/clouds/local/boot-text.ts'
import { parseEnvironment } from '../../src/clouds/local/environment-file.ts'
import { parseUnit } from '../../src/clouds/local/unit-text.ts'
import { aBoot } from '../support/boots.ts'

const text = renderUserData(aBoot('worker', { env: { ODD: 'a "b" \\ $c `d`\n/etc/dask é 😀' } }))
const unit = renderUnit('worker')

describe('the boot text', () => {
  test.each(['scheduler', 'worker'] as const)('that a real %s gets is understood whole', role => {
    const { files, units } = interpret(renderUserData(aBoot(role)))
    expect(units).toEqual(['dask.service'])
    expect(files.map(({ path }) => path)).toContain('/etc/dask/install.sh')
    expect(files.find(({ path }) => path === '/etc/dask/node.key')?.mode).toBe(0o600)
  })

  test.each([
    [
      'files',
      { files: [{ path: '/srv/a', mode: '0644', content: 'a' }] },
      /software\.files are not for the local/,
    ],
    ['commands', { setup: ['true'] }, /software\.setup is not for the local cloud/],
  ])('with %s of the user is refused, and says why', (_what, extras, saying) => {
    const software = { kind: 'python', pythonVersion: undefined, packages: [], ...extras } as const
    expect(() => interpret(renderUserData(aBoot('worker', { software })))).toThrow(saying)
  })

  test('with a container is refused, and says what to use', () => {
    const software = { kind: 'image', image: 'ghcr.io/dask/dask:2026.8.0' } as const
    expect(() => interpret(renderUserData(aBoot('worker', { software })))).toThrow(
      /software\.image is not for the local cloud, which runs no containers: use spec\.software\.python/,
    )
  })

  test('gives every content back exactly', () => {
    const env = interpret(text).files.find(({ path }) => path === '/etc/dask/env')
    expect(parseEnvironment(env?.content ?? '', 'env')).toEqual({ ODD: 'a "b" \\ $c `d`\n/etc/dask é 😀' })
  })

  test.each([
    ['another first line', text.replace('#cloud-config', '#!/bin/sh'), 'line 1'],
    ['another key', `${text}packages: ["curl"]\n`, 'packages is not known'],
    ['a key missing', text.slice(0, text.indexOf('runcmd:')), 'runcmd is missing'],
    ['a key twice', `${text}runcmd:\n- ["systemctl", "daemon-reload"]\n`, 'unique'],
    ['another member of a file', text.replace('  permissions:', '  owner: "root"\n  permissions:'), 'owner'],
    ['a file elsewhere', text.replace('"/etc/dask/env"', '"/root/.ssh/authorized_keys"'), 'line '],
    ['a file above', text.replace('"/etc/dask/env"', '"/etc/dask/../passwd"'), '/etc/dask/../passwd'],
    ['a file below', text.replace('"/etc/dask/env"', '"/etc/dask/a/b"'), '/etc/dask/a/b'],
    ['a file twice', text.replace('"/etc/dask/env"', '"/etc/dask/ca.pem"'), 'twice'],
    ['other permissions', text.replace('"0600"', '"4755"'), '4755'],
    ['permissions as a number', text.replace('"0600"', '600'), 'must be a text'],
    ['another command', text.replace('"daemon-reload"', '"poweroff"'), 'systemctl poweroff'],
    ['a command as a text', text.replace('["systemctl", "daemon-reload"]', '"reboot"'), 'must be a list'],
    ['a unit nobody wrote', text.replace('"dask.service"]', '"ssh.service"]'), 'ssh.service'],
    [
      'an anchor',
      text.replace('- path:', '- &a\n  path:').replace('"/etc/dask/ca.pem"', '&b "/etc/dask/ca.pem"'),
      '',
    ],
    ['a tag', text.replace('"0600"', '!!str "0600"'), 'must be a text'],
    ['not YAML', `${text}\t{`, ''],
    ['nothing', '#cloud-config\n', 'must be an object'],
  ])('with %s is refused', (_what, wrong, saying) => {
    expect(wrong).not.toBe(text)
    expect(() => interpret(wrong)).toThrow(saying)
    expect(() => interpret(wrong)).toThrow(/^user data|^\/etc\/systemd/)
  })
})

describe('a unit', () => {
  test('of ours is understood as systemd understands it', () => {
    expect(parseUnit(unit, 'dask.service')).toEqual({
      stateDirectory: '/var/lib/dask',
      workingDirectory: '/var/lib/dask',
      credentials: [
        { name: 'ca.pem', path: '/etc/dask/ca.pem' },
        { name: 'node.pem', path: '/etc/dask/node.pem' },
        { name: 'node.key', path: '/etc/dask/node.key' },
      ],
      environmentFiles: [
        { path: '/etc/dask/env', isOptional: false },
        { path: '/etc/default/dask-machine', isOptional: true },
      ],
      before: ['/etc/dask/gpu.sh', '/etc/dask/install.sh'],
      command: '/etc/dask/run.sh',
      startMs: 600_000,
      stopMs: 10_000,
      restart: 'always',
      restartMs: 2_000,
      finalStatuses: [86],
      cleanStatuses: [86],
    })
  })

  test.each([
    ['another key', 'Type=exec', 'Type=exec\nMemoryMax=1G', 'MemoryMax'],
    ['another section', '[Install]', '[Socket]', 'Socket'],
    ['a section twice', '[Install]', '[Unit]', 'Unit'],
    ['a key before any section', '[Unit]\n', 'Type=exec\n[Unit]\n', 'line 1'],
    ['another type', 'Type=exec', 'Type=notify', 'notify'],
    ['another way to kill', 'KillMode=mixed', 'KillMode=process', 'process'],
    ['another restart', 'Restart=always', 'Restart=on-abnormal', 'on-abnormal'],
    ['a limit of starts', 'StartLimitIntervalSec=0', 'StartLimitIntervalSec=10', '10'],
    ['hardening turned off', 'NoNewPrivileges=yes', 'NoNewPrivileges=no', 'no'],
    ['a duration with a unit', 'RestartSec=2', 'RestartSec=2min', '2min'],
    ['a named status', 'SuccessExitStatus=86', 'SuccessExitStatus=TEMPFAIL', 'TEMPFAIL'],
    ['arguments', 'ExecStart=/etc/dask/run.sh', 'ExecStart=/etc/dask/run.sh --fast', 'run.sh --fast'],
    ['a program elsewhere', 'ExecStart=/etc/dask/run.sh', 'ExecStart=/bin/sh', '/bin/sh'],
    ['another prefix', 'ExecStartPre=+', 'ExecStartPre=-', '-/etc/dask/gpu.sh'],
    ['a specifier', 'Description=Dask worker', 'Description=Dask %i', 'Description'],
    ['a key twice', 'Type=exec', 'Type=exec\nType=exec', 'twice'],
    ['a continued line', 'ExecStart=/etc/dask/run.sh', 'ExecStart=/etc/dask/run.sh \\', 'run.sh'],
    ['a comment', 'Type=exec', '# quick\nType=exec', 'cannot be read'],
    [
      'a credential from elsewhere',
      'LoadCredential=ca.pem:/etc/dask/ca.pem',
      'LoadCredential=ca.pem:/etc/shadow',
      'shadow',
    ],
    ['a credential named as a path', 'LoadCredential=ca.pem:', 'LoadCredential=../ca.pem:', '../ca.pem'],
    ['a key that every object has', 'Type=exec', 'constructor=exec', 'constructor'],
    ['no program', 'ExecStart=/etc/dask/run.sh\n', '', 'ExecStart is missing'],
  ])('with %s is refused', (_what, before, after, saying) => {
    const wrong = unit.replace(before, after)
    expect(wrong).not.toBe(unit)
    expect(() => parseUnit(wrong, 'dask.service')).toThrow(saying)
    expect(() => parseUnit(wrong, 'dask.service')).toThrow(/^dask\.service/)
  })
})

test.each(['A=b\n', 'A="b"', '"A"="b"\n', 'A="$b"\n', '# A="b"\n', 'A="b" \n'])(
  'an environment file that reads %j is refused, with its line',
  wrong => {
    expect(() => parseEnvironment(`X="1"\n${wrong}`, '/etc/dask/env')).toThrow('/etc/dask/env, line 2')
  },
)
