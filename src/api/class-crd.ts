import { classSpec } from './class-schema.ts'
import { column, wide } from './crd-columns.ts'
import * as names from './names.ts'
import { list, object } from './schema/containers.ts'
import { integer } from './schema/scalars.ts'
import { type CelRule, optional } from './schema/schema.ts'
import { condition } from './status-schema.ts'

export const classDescription = `What a platform lets the users of some namespaces have: where machines come from and on whose account, \
what a DaskCloudCluster that names the class in spec.className is where it does not say it, what it may say, and how much of it a namespace may have. \
The conditions tell whether the credentials, the network, the images and the sizes work, as dry runs found them.`

export const classNameRule: CelRule = {
  rule: `size(self.metadata.name) <= ${names.classNameMax} && !self.metadata.name.contains('.')`,
  message: `metadata.name must have at most ${names.classNameMax} characters and no dot`,
}

export const classColumns = [
  column(
    'Ready',
    '.status.conditions[?(@.type=="Ready")].status',
    'Whether clusters of the class can be had.',
  ),
  column('Reason', '.status.conditions[?(@.type=="Ready")].reason', 'Why they can or not.'),
  {
    ...column('Max workers', '.spec.overrides.maxWorkers', 'The most workers of one cluster.'),
    type: 'integer',
  },
  column('Updates', '.spec.updatePolicy', 'Whether changes reach clusters that are there.'),
  { ...column('Age', '.metadata.creationTimestamp', 'Since it was created.'), type: 'date' },
  wide(
    column(
      'Credentials',
      '.status.conditions[?(@.type=="CredentialsReady")].status',
      'Whether the cloud takes them.',
    ),
  ),
]

export const classStatus = object({
  description: 'What the operator found of the class.',
  others: 'ignored',
  default: {},
  fields: {
    observedGeneration: optional(
      integer({
        description: 'The generation of the class that this status was made for.',
        min: 0,
        max: Number.MAX_SAFE_INTEGER,
      }),
    ),
    conditions: list({
      description: 'What holds of the class.',
      items: condition,
      max: 32,
      keys: ['type'],
      default: [],
    }),
  },
})

/** The CustomResourceDefinition of DaskCloudClass. */
export function classCrd(): Readonly<Record<string, unknown>> {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${names.classPlural}.${names.group}` },
    spec: {
      group: names.group,
      scope: 'Cluster',
      names: {
        kind: names.classKind,
        listKind: `${names.classKind}List`,
        plural: names.classPlural,
        singular: names.classSingular,
        shortNames: [names.classShortName],
      },
      versions: [
        {
          name: names.version,
          served: true,
          storage: true,
          additionalPrinterColumns: classColumns,
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: {
              description: classDescription,
              type: 'object',
              required: ['spec'],
              properties: {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                metadata: { type: 'object' },
                spec: classSpec.openApi,
                status: classStatus.openApi,
              },
              'x-kubernetes-validations': [classNameRule],
            },
          },
        },
      ],
    },
  }
}
