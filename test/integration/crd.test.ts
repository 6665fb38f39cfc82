import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { apiVersion, kind } from '../../src/api/names.ts'
import { parseResource } from '../../src/api/resource.ts'
import { cloudParser } from '../../src/clouds/registry.ts'
import { record } from '../../src/lib/parse.ts'
import { type CrdPlane, dryRun, manifest, merge, startCrdPlane } from '../support/crd-plane.ts'
import { refusedSpecs } from '../support/refused-specs.ts'
import { takenSpecs } from '../support/specs.ts'

let server: CrdPlane

beforeAll(async () => {
  server = await startCrdPlane()
})

afterAll(() => server?.[Symbol.asyncDispose]())

describe('the API server refuses', () => {
  test.each(refusedSpecs)('$given', async ({ patch, path, says }) => {
    const { status, message } = await server.create('refused', patch, dryRun)
    expect({ status, message }).toEqual({ status: 422, message: expect.stringMatching(says) })
    expect(message).toContain(path)
  })

  test.each(['1demo', 'a.b', 'a'.repeat(51), '0'])('the name %s', async name => {
    const { status, message } = await server.create(name, {}, dryRun)
    expect(status).toBe(422)
    expect(message).toContain('metadata.name must begin with a letter')
    expect(message).toContain('at most 50 characters')
  })

  test('no spec', async () => {
    const { status, message } = await server.send('POST', {
      body: { apiVersion, kind, metadata: { name: 'a' } },
      query: dryRun,
    })
    expect(status).toBe(422)
    expect(message).toContain('spec: Required value')
  })

  test('another cloud for a cluster that has one', async () => {
    await server.create('stays')
    const body = { spec: { cloud: { local: null, simulated: {} } } }
    const { status, message } = await server.send('PATCH', { name: 'stays', body, type: merge })
    expect(status).toBe(422)
    expect(message).toContain('the cloud of a cluster cannot change')
    expect(message).toContain('create a new cluster instead')
  })

  test('a second cloud for a cluster that has one', async () => {
    const body = { spec: { cloud: { simulated: {} } } }
    const { status, message } = await server.send('PATCH', { name: 'stays', body, type: merge })
    expect(status).toBe(422)
    expect(message).toContain('choose one cloud')
  })

  test('more workers than a thousand through the scale subresource', async () => {
    expect(await server.complaint(['scale', 'dcc/stays', '--replicas=1001'])).toContain(
      'less than or equal to 1000',
    )
    expect(await server.complaint(['scale', 'dcc/stays', '--replicas=-1'])).toMatch(/replicas/)
  })

  test('ten megabytes of a spec', async () => {
    const { status } = await server.create('big', {
      software: { python: {}, env: { A: 'a'.repeat(10_000_000) } },
    })
    expect(status).toBeGreaterThanOrEqual(400)
  })
})

describe('a field that nobody knows', () => {
  const typo = { workers: { replica: 3 } }

  test('is an error with kubectl apply, which validates strictly', async () => {
    const said = await server.complaint(['apply', '-f', '-'], JSON.stringify(manifest('typo', typo)))
    expect(said).toContain('unknown field "spec.workers.replica"')
  })

  test('is dropped, with a warning, for a client that does not', async () => {
    const { status, body } = await server.create('typo', typo, '')
    expect(status).toBe(201)
    expect(record(body['spec'], 'spec')['workers']).toEqual({ replicas: 1 })
  })

  test('is no way around a rule: an unknown cloud alone is none', async () => {
    const { status, message } = await server.create(
      'newer',
      { cloud: { local: null, newest: { region: 'x' } } },
      '',
    )
    expect(status).toBe(422)
    expect(message).toContain('choose one cloud')
  })
})

describe('the API server takes', () => {
  test.each(takenSpecs)('$given', async ({ patch }) => {
    expect(await server.create('taken', patch, dryRun)).toMatchObject({ status: 201 })
  })

  test('a name of 50 characters', async () => {
    expect(await server.create(`a${'-'.repeat(48)}1`, {}, dryRun)).toMatchObject({ status: 201 })
  })

  test.each(['local', 'simulated'])('the sample %s', async name => {
    await server.plane.kubectl(['apply', '-f', `deploy/samples/${name}.yaml`])
    const { body } = await server.send('GET', { name })
    expect(parseResource(body, clouds)).toMatchObject({
      kind: 'valid',
      resource: { cluster: { cloud: { name } } },
    })
  })

  test('the sample own-certificates', async () => {
    await server.plane.kubectl(['apply', '-f', 'deploy/samples/own-certificates.yaml'])
    const { body } = await server.send('GET', { name: 'own-certificates' })
    expect(parseResource(body, clouds)).toMatchObject({
      kind: 'valid',
      resource: { cluster: { tls: { kind: 'provided' } } },
    })
  })

  test('the sample lifetime', async () => {
    await server.plane.kubectl(['apply', '-f', 'deploy/samples/lifetime.yaml'])
    const { body } = await server.send('GET', { name: 'nine-to-five' })
    expect(parseResource(body, clouds)).toMatchObject({
      kind: 'valid',
      resource: { cluster: { lifetime: { idleTimeoutMs: 1_200_000, ttlMs: 28_800_000 } } },
    })
  })

  test.each(['simple', 'spot-gpu', 'private-subnets', 'own-groups'])('the sample aws-%s', async sample => {
    await server.plane.kubectl(['apply', '-f', `deploy/samples/aws-${sample}.yaml`])
    const { body } = await server.send('GET', { name: sample })
    expect(parseResource(body, clouds)).toMatchObject({
      kind: 'valid',
      resource: { cluster: { cloud: { name: 'aws' } } },
    })
  })

  test.each(['simple', 'spot-gpu', 'private', 'shared-vpc'])('the sample gcp-%s', async sample => {
    await server.plane.kubectl(['delete', '--ignore-not-found', 'dcc', sample])
    await server.plane.kubectl(['apply', '-f', `deploy/samples/gcp-${sample}.yaml`])
    const { body } = await server.send('GET', { name: sample })
    expect(parseResource(body, cloudParser([], ['*']))).toMatchObject({
      kind: 'valid',
      resource: { cluster: { cloud: { name: 'gcp' } } },
    })
  })

  test.each(['project', 'region'])('no other %s of a cluster', async field => {
    await server.plane.kubectl(['apply', '-f', 'deploy/samples/gcp-private.yaml'])
    const body = { spec: { cloud: { gcp: { [field]: 'europe-west1' } } } }
    const { status, message } = await server.send('PATCH', { name: 'private', body, type: merge })
    expect(status).toBe(422)
    expect(message).toContain(`the ${field} of a cluster cannot change`)
  })

  test.each(['simple', 'spot-gpu', 'private', 'own-network'])('the sample azure-%s', async sample => {
    await server.plane.kubectl(['delete', '--ignore-not-found', 'dcc', sample])
    await server.plane.kubectl(['apply', '-f', `deploy/samples/azure-${sample}.yaml`])
    const { body } = await server.send('GET', { name: sample })
    expect(parseResource(body, cloudParser([], ['*']))).toMatchObject({
      kind: 'valid',
      resource: { cluster: { cloud: { name: 'azure' } } },
    })
  })

  test.each([
    { azure: { location: 'eastus' }, says: 'the location of a cluster cannot change' },
    { azure: { resourceGroup: 'other' }, says: 'the resource group of a cluster cannot change' },
    { azure: { resourceGroup: null }, says: 'the resource group of a cluster cannot change' },
    {
      azure: { subscriptionId: '22222222-2222-3333-4444-555555555555' },
      says: 'the subscription of a cluster cannot change',
    },
  ])('$says: $azure', async ({ azure, says }) => {
    await server.plane.kubectl(['apply', '-f', 'deploy/samples/azure-own-network.yaml'])
    const body = { spec: { cloud: { azure } } }
    const { status, message } = await server.send('PATCH', { name: 'own-network', body, type: merge })
    expect(status).toBe(422)
    expect(message).toContain(says)
  })

  test.each(['simple', 'gpu', 'private'])('the sample digitalocean-%s', async sample => {
    await server.plane.kubectl(['delete', '--ignore-not-found', 'dcc', sample])
    await server.plane.kubectl(['apply', '-f', `deploy/samples/digitalocean-${sample}.yaml`])
    const { body } = await server.send('GET', { name: sample })
    expect(parseResource(body, cloudParser([], ['*']))).toMatchObject({
      kind: 'valid',
      resource: { cluster: { cloud: { name: 'digitalOcean' } } },
    })
  })

  test.each([
    { digitalOcean: { region: 'nyc3' }, says: 'the region of a cluster cannot change' },
    { digitalOcean: { firewall: null }, says: 'whose the firewall of a cluster is cannot change' },
  ])('$says: $digitalOcean', async ({ digitalOcean, says }) => {
    await server.plane.kubectl(['apply', '-f', 'deploy/samples/digitalocean-private.yaml'])
    const body = { spec: { cloud: { digitalOcean } } }
    const { status, message } = await server.send('PATCH', { name: 'private', body, type: merge })
    expect(status).toBe(422)
    expect(message).toContain(says)
  })

  test('changes of everything but the cloud', async () => {
    const body = {
      spec: { workers: { replicas: 5, memory: '2GiB' }, suspend: true, cloud: { local: { python: '/p' } } },
    }
    expect(await server.send('PATCH', { name: 'stays', body, type: merge })).toMatchObject({ status: 200 })
  })
})

const clouds = (_name: string, settings: unknown) => ({ settings, intent: () => settings })
