import type { RefusedSpec } from './refused-specs.ts'

/** A class and what it cannot stand beside. */
export const classRows: readonly RefusedSpec[] = [
  {
    given: 'neither a cloud nor a class',
    patch: { cloud: null },
    path: 'spec',
    says: /say where the machines come from: by a cloud, or by the className of a DaskCloudClass/,
  },
  {
    given: 'a cloud and a class',
    patch: { className: 'standard' },
    path: 'spec',
    says: /take cloud and credentialsSecretRef away, or className/,
  },
  {
    given: 'a class and credentials',
    patch: { cloud: null, className: 'standard', credentialsSecretRef: { name: 'aws' } },
    path: 'spec',
    says: /take cloud and credentialsSecretRef away, or className/,
  },
  {
    given: 'a class by a name that none can have',
    patch: { cloud: null, className: 'Standard' },
    path: 'spec.className',
    says: /must be the name of a DaskCloudClass/,
  },
]

/** Short specs that are taken, those among them of which a class says the rest. */
export const shortTaken = [
  { given: 'nothing but a cloud', patch: {} },
  { given: 'no worker', patch: { workers: { replicas: 0 } } },
  { given: 'a thousand workers', patch: { workers: { replicas: 1000 } } },
  { given: 'nothing but a class', patch: { cloud: null, className: 'standard' } },
  {
    given: 'a class and variables, whose software is for the class to say',
    patch: { cloud: null, className: 'standard', software: { env: { A: '1' } } },
  },
]
