import { spec } from './cluster-schema.ts'
import { column, wide } from './crd-columns.ts'
import * as names from './names.ts'
import type { CelRule, OpenApi } from './schema/schema.ts'
import { status } from './status-schema.ts'

/** What the resource is, for `kubectl explain` and the reference page. */
export const description = `A Dask cluster of a scheduler and workers on machines of a cloud, which speak nothing but mutual TLS. \
Once the condition Ready is True, status.schedulerAddress tells where the scheduler is and status.clientSecretName what a \
client needs to be let in. Deleting this resource ends every machine before it is gone. A field that is not described \
here is an error with kubectl apply, which validates strictly; clients that do not (--validate=ignore) have it dropped.`

export const nameRule: CelRule = {
  rule: `size(self.metadata.name) <= ${names.clusterNameMax} && self.metadata.name.matches(r'^[a-z]([-a-z0-9]*[a-z0-9])?$')`,
  message:
    `metadata.name must begin with a letter, be made of small letters, digits and -, and have at most ` +
    `${names.clusterNameMax} characters: names of certificates and Secrets are made of it`,
}

/** What `kubectl get` shows. */
export const columns = [
  column('Ready', '.status.conditions[?(@.type=="Ready")].status', 'Whether the cluster can be used.'),
  column('Cloud', '.status.cloud', 'Where its machines are.'),
  { ...column('Workers', '.status.workers.ready', 'Workers that answer.'), type: 'integer' },
  column('Scheduler', '.status.schedulerAddress', 'Where clients reach it.'),
  { ...column('Age', '.metadata.creationTimestamp', 'Since it was created.'), type: 'date' },
  wide(column('Reason', '.status.conditions[?(@.type=="Ready")].reason', 'Why it is ready or not.')),
  { ...wide(column('Wanted', '.spec.workers.replicas', 'Workers asked for.')), type: 'integer' },
  wide(column('Suspended', '.status.conditions[?(@.type=="Suspended")].status', 'Whether it sleeps.')),
  wide(column('Secret', '.status.clientSecretName', 'What a client needs.')),
  wide(column('Certificates', '.status.certificates.notAfter', 'When the first certificate ends.')),
  wide(column('Class', '.spec.className', 'The class by which it runs.')),
]

/** The CustomResourceDefinition of DaskCloudCluster, as `crds/` has it. */
export function clusterCrd(): Readonly<Record<string, unknown>> {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${names.plural}.${names.group}` },
    spec: {
      group: names.group,
      scope: 'Namespaced',
      names: {
        kind: names.kind,
        listKind: `${names.kind}List`,
        plural: names.plural,
        singular: names.singular,
        shortNames: [names.shortName],
        categories: [names.category],
      },
      versions: [
        {
          name: names.version,
          served: true,
          storage: true,
          additionalPrinterColumns: columns,
          subresources: { status: {}, scale: scalePaths },
          schema: { openAPIV3Schema: root() },
        },
      ],
    },
  }
}

export const scalePaths = {
  specReplicasPath: '.spec.workers.replicas',
  statusReplicasPath: '.status.workers.replicas',
  labelSelectorPath: '.status.workers.selector',
}

function root(): Readonly<Record<string, unknown>> {
  const properties: Readonly<Record<string, OpenApi | { readonly type: string }>> = {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { type: 'object' },
    spec: spec.openApi,
    status: status.openApi,
  }
  return {
    description,
    type: 'object',
    required: ['spec'],
    properties,
    'x-kubernetes-validations': [nameRule],
  }
}
