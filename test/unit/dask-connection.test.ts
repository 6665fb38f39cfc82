import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { connectScheduler } from '../../src/dask/connection.ts'
import { DaskError } from '../../src/dask/fault.ts'
import { checkIdle, drain, identity } from '../../src/dask/scheduler.ts'
import { poll } from '../../src/lib/wait.ts'
import { type Bundle, createBundle } from '../../src/pki/bundle.ts'
import { schedulerServerName } from '../../src/pki/identity.ts'
import { issueLeaf } from '../../src/pki/leaf.ts'
import { freePort, inTime } from '../support/dask-processes.ts'
import { FakeScheduler } from '../support/fake-scheduler.ts'
import { anIdentity } from '../support/pki-fixture.ts'

const serverName = schedulerServerName(anIdentity.uid)
const bundle = createBundle(anIdentity, Date.now())
const stranger = createBundle(anIdentity, Date.now())
const dayMs = 86_400_000

const aged = (role: 'scheduler' | 'client', days: number) =>
  issueLeaf(bundle.authority, { ...anIdentity, role, now: Date.now() + days * dayMs, days: 90 })

const tlsOf = ({ authority, client }: Pick<Bundle, 'authority' | 'client'>) => ({
  ca: authority.certificate,
  cert: client.certificate,
  key: client.key,
})

const connect = (port: number, tls = tlsOf(bundle), ms = 5_000) =>
  connectScheduler({ host: '127.0.0.1', port, tls, serverName }, inTime(ms))

const failure = (promise: Promise<unknown>): Promise<DaskError> =>
  promise.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: unknown) => (error instanceof DaskError ? error : Promise.reject(error)),
  )

const tlsServer = (say: string): Server =>
  createTlsServer(
    { ca: bundle.authority.certificate, cert: bundle.scheduler.certificate, key: bundle.scheduler.key },
    socket => socket.on('error', () => undefined).write(say),
  )

describe('a scheduler', () => {
  let scheduler: FakeScheduler

  beforeEach(async () => {
    scheduler = await FakeScheduler.listen(bundle)
  })
  afterEach(() => scheduler[Symbol.asyncDispose]())

  test('answers, and is let go of politely', async () => {
    scheduler.set('w-1')
    {
      using connection = await connect(scheduler.port)
      expect(await identity(connection, inTime(1_000))).toEqual({
        id: 'Scheduler-1',
        workers: [{ address: 'tls://w-1:9000', name: 'w-1', status: 'running', executing: 0, threads: 2 }],
      })
      expect(await checkIdle(connection, inTime(1_000))).toBe(1_700_000_000_250)
      expect(connection.isOpen).toBe(true)
    }
    await poll(() => (scheduler.clients.size === 0 ? true : undefined), 5, inTime(5_000))
  })

  test('a call out of time closes the connection; what waits behind it hears of it', async () => {
    using connection = await connect(scheduler.port)
    scheduler.mood = 'mute'
    const first = failure(identity(connection, inTime(50)))
    const second = failure(identity(connection, inTime(5_000)))
    expect((await first).fault).toBe('timeout')
    expect((await second).fault).toBe('timeout')
    expect(connection.isOpen).toBe(false)
  })

  test('a call that gives up before its turn disturbs nobody', async () => {
    using connection = await connect(scheduler.port)
    const stop = new AbortController()
    const first = identity(connection, inTime(5_000))
    const second = failure(identity(connection, stop))
    stop.abort()
    expect((await second).message).toBe('stopped before an answer came')
    expect((await first).id).toBe('Scheduler-1')
    expect((await identity(connection, inTime(1_000))).id).toBe('Scheduler-1')
  })

  test('an error over there leaves the connection open', async () => {
    using connection = await connect(scheduler.port)
    const { fault, message } = await failure(connection.call('fail', {}, inTime(1_000)))
    expect({ fault, message }).toEqual({
      fault: 'remote',
      message: 'the scheduler answered fail with ValueError("no")',
    })
    expect(connection.isOpen).toBe(true)
  })

  test('more than was asked for ends the connection', async () => {
    using connection = await connect(scheduler.port)
    scheduler.mood = 'babbling'
    await identity(connection, inTime(1_000))
    await poll(() => (connection.isOpen ? undefined : true), 5, inTime(5_000))
    expect((await failure(identity(connection, inTime(1_000)))).fault).toBe('protocol')
  })

  test('no name, nobody retired', async () => {
    scheduler.set('w-1')
    using connection = await connect(scheduler.port)
    expect(await drain(connection, [], inTime(1_000))).toEqual([])
    expect(scheduler.workers.get('w-1')?.status).toBe('running')
  })

  test.each([
    { given: 'we know another authority', tls: () => tlsOf(stranger), want: 'tls-unknown-authority' },
    { given: 'our key cannot be read', tls: () => ({ ...tlsOf(bundle), key: 'nonsense' }), want: 'protocol' },
  ])('$given: $want', async ({ tls, want }) => {
    const { fault, message } = await failure(connect(scheduler.port, tls()))
    expect({ fault, hasKey: message.includes('KEY') }).toEqual({ fault: want, hasKey: false })
  })
})

describe('certificates of the other side', () => {
  test.each([
    { given: 'another role', scheduler: bundle.worker, want: 'tls-wrong-peer' },
    { given: 'no server at all', scheduler: bundle.client, want: 'tls-wrong-peer' },
    { given: 'one that has expired', scheduler: aged('scheduler', -91), want: 'tls-expired' },
    { given: 'one of tomorrow', scheduler: aged('scheduler', 1), want: 'tls-not-yet-valid' },
  ])('$given: $want', async ({ scheduler, want }) => {
    await using fake = await FakeScheduler.listen({ ...bundle, scheduler })
    expect((await failure(connect(fake.port))).fault).toBe(want)
  })
})

describe('what is no scheduler', () => {
  const servers: { readonly server: Server; readonly sockets: Set<Socket> }[] = []

  afterEach(() => {
    for (const { server, sockets } of servers.splice(0)) {
      server.close()
      for (const socket of sockets) socket.destroy()
    }
  })

  const listen = async (server: Server): Promise<number> => {
    const sockets = new Set<Socket>()
    servers.push({ server, sockets })
    server.on('connection', socket => sockets.add(socket.on('error', () => undefined)))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('not listening')
    return address.port
  }

  test('nothing listens', async () => {
    const port = await freePort()
    expect(await failure(connect(port))).toMatchObject({
      fault: 'refused',
      message: `127.0.0.1:${port} refused the connection: nothing listens there`,
    })
  })

  // Nothing is sent: no connection leads to a broadcast address, and the name is reserved for not being there.
  test.each(['255.255.255.255', 'nobody.invalid'])('%s, where no way leads', async host => {
    const connecting = connectScheduler({ host, port: 8786, tls: tlsOf(bundle), serverName }, inTime(5_000))
    expect((await failure(connecting)).fault).toBe('unreached')
  })

  test('plain TCP that speaks first, as Dask without TLS does', async () => {
    const port = await listen(createServer(socket => socket.write(Buffer.alloc(64, 7))))
    expect((await failure(connect(port))).fault).toBe('not-dask')
  })

  test('a web server', async () => {
    const port = await listen(createServer(socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')))
    expect((await failure(connect(port))).fault).toBe('not-dask')
  })

  test('one that closes at once', async () => {
    const port = await listen(createServer(socket => socket.destroy()))
    expect((await failure(connect(port))).fault).toBe('unreachable')
  })

  test('one that accepts and says nothing', async () => {
    const port = await listen(createServer())
    const { fault, message } = await failure(connect(port, tlsOf(bundle), 150))
    expect({ fault, message }).toEqual({
      fault: 'timeout',
      message: `127.0.0.1:${port} accepted the connection and did not speak TLS in time`,
    })
  })

  test('TLS that says nothing', async () => {
    const port = await listen(tlsServer(''))
    const { fault, message } = await failure(connect(port, tlsOf(bundle), 150))
    expect(fault).toBe('timeout')
    expect(message).toContain('did not greet as Dask does')
  })

  test('TLS that does not want us and does not say why', async () => {
    const port = await listen(tlsServer('').on('secureConnection', socket => socket.destroy()))
    const { fault, message } = await failure(connect(port))
    expect({ fault, message }).toEqual({
      fault: 'unreachable',
      message: `127.0.0.1:${port} speaks TLS and closed the connection before it greeted`,
    })
  })

  test('TLS that speaks another language', async () => {
    const port = await listen(tlsServer('HTTP/1.1 400 Bad Request\r\n\r\n'))
    expect((await failure(connect(port))).fault).toBe('not-dask')
  })
})
