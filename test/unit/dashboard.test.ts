import { describe, expect, test } from 'vitest'

import { fingerprintOf, type Intent } from '../../src/api/intent.ts'
import { withPages } from '../../src/bootstrap/dashboard.ts'
import { renderUserData } from '../../src/bootstrap/user-data.ts'
import { interpret } from '../../src/clouds/local/boot-text.ts'
import { fingerprint, type Role } from '../../src/model/names.ts'
import type { World } from '../../src/model/world.ts'
import { plan } from '../../src/plan/plan.ts'
import { dashboardOf } from '../../src/reconcile/dashboard.ts'
import { findings } from '../../src/reconcile/findings.ts'
import { statusOf } from '../../src/reconcile/publish.ts'
import { aScheduler, aWorld } from '../support/a-world.ts'
import { aBoot } from '../support/boots.ts'

const office = ['203.0.113.0/24']

describe('the firewall', () => {
  test.each([
    { given: 'is open to whom it is to be', viewers: office, wanted: office, want: [] },
    { given: 'is shut and nobody is to come', viewers: undefined, wanted: [], want: [] },
    {
      given: 'is shut and somebody is to come',
      viewers: undefined,
      wanted: office,
      want: ['reserve-address'],
    },
    { given: 'is open and nobody is to come', viewers: office, wanted: [], want: ['reserve-address'] },
    { given: 'is open to all the world', viewers: ['0.0.0.0/0'], wanted: office, want: ['reserve-address'] },
  ])('before the dashboard that $given is mended: $want', ({ viewers, wanted, want }) => {
    const world = aWorld({
      machines: [aScheduler()],
      workers: [],
      world: { admitted: office, viewers: wanted },
    })
    if (world.inventory.kind !== 'seen' || world.inventory.address === undefined) throw new Error('unseen')
    const address = { ...world.inventory.address, admitted: office, ...(viewers && { viewers }) }
    const steps = plan({ ...world, inventory: { ...world.inventory, address } })
    expect(steps.map(({ type }) => type)).toEqual(want)
  })

  test('of somebody else is left alone', () => {
    expect(plan(aWorld({ machines: [aScheduler()], workers: [], world: { viewers: office } }))).toEqual([])
  })
})

/** Exposed, at `v1:a` while it is and at `v1:hidden` where it is not; the scheduler runs `runs`. */
const exposing = (runs: string, seeing: Parameters<typeof aWorld>[0] = {}) => {
  const world = aWorld({ machines: [aScheduler({ version: runs })], workers: [], ...seeing })
  const dashboard = { isExposed: true, otherwise: fingerprint('v1:hidden.0') }
  return { ...world, cluster: { ...world.cluster, dashboard } }
}
const linked = { dashboardURL: 'https://10.0.0.7:8787/status' }
const silent = { world: { scheduler: { kind: 'silent', problem: 'nobody answers' } } } as const
const unlisted = { inventory: { kind: 'silent', fault: 'unavailable', problem: 'out of reach' } } as const

const pending = (world: World) => findings(world, []).find(({ type }) => type === 'UpdatePending')

describe('the link', () => {
  test.each([
    { isExposed: true, schedulerAddress: 'tls://203.0.113.7:8786', want: 'https://203.0.113.7:8787/status' },
    { isExposed: false, schedulerAddress: 'tls://203.0.113.7:8786', want: undefined },
    { isExposed: true, schedulerAddress: 'tls://127.0.0.1:40001', want: undefined },
    { isExposed: true, schedulerAddress: undefined, want: undefined },
  ])('to $schedulerAddress, exposed: $isExposed, is $want', ({ isExposed, schedulerAddress, want }) => {
    const addresses = schedulerAddress === undefined ? {} : { schedulerAddress }
    const world = aWorld({ machines: [aScheduler()], workers: [] })
    const cluster = { ...world.cluster, dashboard: { isExposed } }
    expect(dashboardOf({ ...world, cluster }, addresses).dashboardURL).toBe(want)
  })

  test.each([
    { given: 'that shows them', world: exposing('a'), before: {}, want: linked },
    { given: 'that was launched without them', world: exposing('hidden'), before: linked, want: {} },
    { given: 'that does not answer', world: exposing('a', silent), before: linked, want: {} },
    { given: 'of another kind that showed them', world: exposing('other'), before: linked, want: linked },
    { given: 'of another kind that did not', world: exposing('other'), before: {}, want: {} },
    {
      given: 'whose cloud says nothing',
      world: exposing('a', { world: unlisted }),
      before: linked,
      want: linked,
    },
    { given: 'that is not there', world: exposing('a', { machines: [] }), before: linked, want: {} },
  ])('to the pages of a scheduler $given is $want', ({ world, before, want }) => {
    expect(dashboardOf(world, { schedulerAddress: 'tls://10.0.0.7:8786' }, before)).toEqual(want)
  })

  test('waits for a new scheduler, and it is said that it is the dashboard that waits', () => {
    expect(pending(exposing('hidden'))).toMatchObject({
      reason: 'DashboardChanged',
      message: expect.stringMatching(
        /^spec\.dashboard\.expose is true, and the scheduler was launched without/,
      ),
    })
    expect(pending(exposing('other'))?.reason).toBe('SchedulerChanged')
    expect(pending(exposing('a'))).toBeUndefined()
  })

  test('is published with the address, and taken back with the exposure', () => {
    const world = aWorld({ machines: [aScheduler()], workers: [] })
    const exposed = { ...world, cluster: { ...world.cluster, dashboard: { isExposed: true } } }
    const status = statusOf(exposed, { conditions: [] }, [])
    expect(status.dashboardURL).toBe('https://10.0.0.7:8787/status')
    expect(statusOf(world, status, [])).not.toHaveProperty('dashboardURL')
  })
})

/** Files of a machine by their names. */
const filesOf = (...boot: Parameters<typeof aBoot>): ReadonlyMap<string, string> =>
  new Map(interpret(renderUserData(aBoot(...boot))).files.map(({ path, content }) => [path, content]))

describe('a machine', () => {
  const guard = '/etc/dask/dask_dashboard.py'

  test('of a scheduler that is to show itself listens for others, behind its guard, and can draw', () => {
    const files = filesOf('scheduler', { exposesDashboard: true })
    expect(files.get('/etc/dask/arguments')).toContain('--dashboard-address=0.0.0.0:8787\n')
    expect(files.get(guard)).toContain('ssl.CERT_REQUIRED')
    expect(files.get('/etc/dask/requirements.txt')).toMatch(/\ndask\[diagnostics\]\n$/)
  })

  test.each<{ role: Role; exposesDashboard: boolean }>([
    { role: 'scheduler', exposesDashboard: false },
    { role: 'worker', exposesDashboard: true },
  ])('of any other shows nothing: $role, exposed $exposesDashboard', ({ role, ...boot }) => {
    const files = filesOf(role, boot)
    expect(files.get('/etc/dask/arguments')).toContain('--dashboard-address=127.0.0.1:')
    expect(files.has(guard)).toBe(false)
    expect(files.get('/etc/dask/requirements.txt')).not.toContain('diagnostics')
  })

  test('mounts the guard in a container', () => {
    const software = { kind: 'image', image: 'ghcr.io/dask/dask:2026.8.0-py3.13' } as const
    const text = renderUserData(aBoot('scheduler', { software, exposesDashboard: true }))
    expect(text).toMatch(/mounts"[^-]+content: \|\n(.*\n)*? {4}\/etc\/dask\/dask_dashboard\.py\n/)
  })

  test.each([
    { packages: ['dask==2026.8.0'], adds: ['dask[diagnostics]'] },
    { packages: ['dask', 'bokeh-themes'], adds: ['dask[diagnostics]'] },
    { packages: [], adds: [] },
    { packages: ['dask', 'Bokeh >=3.4,<4'], adds: [] },
    { packages: ['dask', 'bokeh'], adds: [] },
    { packages: ['dask[diagnostics]'], adds: [] },
  ])('with $packages installs $adds beside them', ({ packages, adds }) => {
    expect(withPages(packages)).toEqual([...packages, ...adds])
  })
})

const intent = (role: Role, dashboard?: { readonly expose: boolean }): Intent => ({
  software: { kind: 'python', pythonVersion: undefined, packages: ['dask==2026.8.0'] },
  env: {},
  network: { exposure: 'Public' },
  group: {
    role,
    sizes: [],
    purchasing: 'OnDemand',
    threads: undefined,
    memory: undefined,
    resources: {},
    env: {},
  },
  cloud: { name: 'local', intent: {} },
  restart: '',
  ...(dashboard && { dashboard }),
})

describe('what is asked of a machine', () => {
  test.each<{ role: Role; expose: boolean; isSame: boolean }>([
    { role: 'scheduler', expose: true, isSame: false },
    { role: 'scheduler', expose: false, isSame: true },
    { role: 'worker', expose: true, isSame: true },
  ])('is another thing for a scheduler that is to show itself alone: $role, $expose', asked => {
    const { role, expose, isSame } = asked
    expect(fingerprintOf(intent(role, { expose })) === fingerprintOf(intent(role))).toBe(isSame)
  })
})
