import { describe, expect, test } from 'vitest'
import { differences, filled } from '../../src/api/class-filling.ts'
import { beyondClass } from '../../src/api/class-limits.ts'
import { classSpec } from '../../src/api/class-schema.ts'
import { spec as clusterSpec } from '../../src/api/cluster-schema.ts'
import { caseClass, caseLabels, classCases, saidOf } from '../support/class-cases.ts'

describe('a class', () => {
  test.each(classCases)('judges $given', one => {
    const said = beyondClass({
      className: 'standard',
      allowed: caseClass,
      spec: one.spec,
      before: one.before,
      namespace: { name: 'here', labels: one.isElsewhere === true ? { team: 'a' } : caseLabels },
    })
    expect(said).toEqual(saidOf(one, 'here'))
  })

  test('that says nothing lets no namespace in, and ten workers at most', () => {
    const asked = {
      className: 'bare',
      allowed: classSpec.write(classSpec.read({ cloud: { simulated: {} } }, 'spec')),
    }
    const said = beyondClass({
      ...asked,
      spec: { workers: { replicas: 11 } },
      before: undefined,
      namespace: { name: 'here', labels: {} },
    })
    expect(said).toEqual([
      'metadata.namespace: here is not one of the namespaces of class bare',
      'spec.workers.replicas: 11 workers in all groups are beyond overrides.maxWorkers of class bare, which is 10',
    ])
  })
})

describe('what a class fills in', () => {
  const theClass = {
    cloud: { aws: { region: 'eu-central-1', tags: { team: 'a' } } },
    credentialsSecretRef: { name: 'aws' },
    defaults: {
      software: { image: 'ghcr.io/dask/dask:1', env: { A: '1', B: '1' }, setup: ['true'] },
      scheduler: { size: 'm7i.large', env: { S: '1' } },
      workers: { sizes: ['m7i.xlarge'], purchasing: 'Spot', memory: '4GiB', env: { W: '1' } },
      network: { exposure: 'Private', allowedCIDRs: ['10.0.0.0/8'] },
      lifetime: { idleTimeout: '30m', ttl: '8h' },
    },
  }

  test('is all that a cluster leaves out, and what it says goes over it', () => {
    const own = {
      className: 'standard',
      workers: { replicas: 4, sizes: ['m7i.2xlarge'], env: { V: '2' } },
      workerGroups: [{ name: 'more', replicas: 1, purchasing: 'OnDemand' }],
      software: { env: { B: '2' } },
      network: { allowedCIDRs: ['10.0.0.0/8', '192.0.2.0/24'] },
      lifetime: { ttl: '1h' },
      suspend: true,
    }
    const whole = filled(theClass, own)
    expect(whole).toEqual({
      cloud: theClass.cloud,
      software: { image: 'ghcr.io/dask/dask:1', env: { A: '1', B: '2' }, setup: ['true'] },
      scheduler: { size: 'm7i.large', env: { S: '1' } },
      workers: {
        replicas: 4,
        sizes: ['m7i.2xlarge'],
        purchasing: 'Spot',
        memory: '4GiB',
        env: { W: '1', V: '2' },
      },
      workerGroups: [
        {
          name: 'more',
          replicas: 1,
          sizes: ['m7i.xlarge'],
          purchasing: 'OnDemand',
          memory: '4GiB',
          env: { W: '1' },
        },
      ],
      network: { exposure: 'Private', allowedCIDRs: ['10.0.0.0/8', '192.0.2.0/24'] },
      lifetime: { idleTimeout: '30m', ttl: '1h' },
      suspend: true,
    })
    expect(() => clusterSpec.read(whole, 'spec')).not.toThrow()
  })

  test('gives way to a source of its own', () => {
    expect(filled(theClass, { software: { python: {} } })).toMatchObject({
      software: { python: {}, env: { A: '1', B: '1' } },
    })
    expect(filled(theClass, { software: { python: {} } })).not.toHaveProperty('software.image')
  })

  test('is nothing where the class says nothing: then the usual is', () => {
    const bare = filled({ cloud: { local: {} } }, { className: 'bare', workers: { replicas: 1 } })
    expect(clusterSpec.read(bare, 'spec')).toEqual(clusterSpec.read({ cloud: { local: {} } }, 'spec'))
    const env = filled({ cloud: { local: {} }, defaults: { software: { env: { A: '1' } } } }, {})
    expect(env).toMatchObject({ software: { python: {}, env: { A: '1' } } })
  })

  test('differs, field by field', () => {
    const changed = {
      ...theClass,
      cloud: { aws: { region: 'eu-central-1', tags: { team: 'b' } } },
      defaults: { ...theClass.defaults, workers: { sizes: ['m8i.xlarge'] }, network: {} },
    }
    expect(differences(filled(theClass, {}), filled(changed, {}))).toEqual([
      'spec.cloud.aws.tags.team: "a" -> "b"',
      'spec.network.allowedCIDRs: ["10.0.0.0/8"] -> nothing',
      'spec.network.exposure: "Private" -> nothing',
      'spec.workers.env: {"W":"1"} -> nothing',
      'spec.workers.memory: "4GiB" -> nothing',
      'spec.workers.purchasing: "Spot" -> nothing',
      'spec.workers.sizes: ["m7i.xlarge"] -> ["m8i.xlarge"]',
    ])
  })
})
