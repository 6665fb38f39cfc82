import { anyMap, fields, integer, list, type Schema, share, text, textMap, toggle, words } from './schema.ts'
import { chartSettings, settingSchema } from './settings-schema.ts'
import { readValues } from './values.ts'

const name = { pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$' }
const nameOrNone = text({ pattern: '^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?$' })
const interval = text({ pattern: String.raw`^(\d+(ms|s|m|h))+$` })
const maps = list(anyMap)

const image = fields(
  {
    registry: text(),
    repository: text({ pattern: '^[a-z0-9][a-z0-9._/:-]*$' }),
    tag: text({ pattern: String.raw`^(\w[\w.-]{0,127})?$` }),
    digest: text({ pattern: '^(sha256:[0-9a-f]{64})?$' }),
    pullPolicy: words(['Always', 'IfNotPresent', 'Never']),
  },
  ['repository'],
)

const identity = fields({
  aws: fields({ roleArn: text({ pattern: String.raw`^(arn:[a-z-]+:iam::\d{12}:role/.+)?$` }) }),
  azure: fields({ clientId: text(), tenantId: text() }),
  gcp: fields({ serviceAccount: text({ pattern: '^([^@]+@[^@]+)?$' }) }),
})

const pods: Readonly<Record<string, Schema>> = {
  resources: anyMap,
  securityContext: anyMap,
  containerSecurityContext: anyMap,
  volumes: maps,
  volumeMounts: maps,
  deploymentAnnotations: textMap,
  podAnnotations: textMap,
  podLabels: textMap,
  serviceAnnotations: textMap,
  serviceLabels: textMap,
  priorityClassName: text(),
  nodeSelector: textMap,
  affinity: anyMap,
  tolerations: maps,
  topologySpreadConstraints: maps,
  terminationGracePeriodSeconds: integer({ minimum: 0 }),
  podDnsPolicy: words(['', 'ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None']),
  podDnsConfig: anyMap,
  hostAliases: maps,
  enableServiceLinks: toggle,
  livenessProbe: anyMap,
  readinessProbe: anyMap,
}

const monitoring: Readonly<Record<string, Schema>> = {
  prometheus: fields({
    enabled: toggle,
    servicemonitor: fields({
      enabled: toggle,
      namespace: nameOrNone,
      prometheusInstance: text(),
      interval,
      scrapeTimeout: interval,
      labels: textMap,
      annotations: textMap,
      honorLabels: toggle,
      endpointAdditionalProperties: anyMap,
    }),
    prometheusrule: fields({
      enabled: toggle,
      namespace: nameOrNone,
      labels: textMap,
      annotations: textMap,
      disabled: list(text()),
      alertLabels: textMap,
      runbookBase: text(),
    }),
  }),
  grafanaDashboard: fields({
    enabled: toggle,
    namespace: nameOrNone,
    labels: textMap,
    annotations: textMap,
  }),
}

const settings = (): Schema =>
  fields(Object.fromEntries(chartSettings.map(each => [each[0], settingSchema(each)])), ['httpAddress'])

/** What may be written in the chart's values: nothing that the chart does not know. */
const root = (): Schema =>
  fields({
    nameOverride: nameOrNone,
    fullnameOverride: nameOrNone,
    commonLabels: textMap,
    crds: fields({ enabled: toggle, keep: toggle }),
    admissionPolicy: fields({ enabled: toggle }),
    watchNamespaces: list(text(name), { uniqueItems: true }),
    rbac: fields({ create: toggle, aggregateClusterRoles: toggle }),
    replicaCount: integer({ minimum: 0 }),
    revisionHistoryLimit: integer({ minimum: 0 }),
    strategy: anyMap,
    podDisruptionBudget: fields({ enabled: toggle, minAvailable: share, maxUnavailable: share }),
    image,
    imagePullSecrets: list(fields({ name: text() }, ['name'])),
    serviceAccount: fields({
      create: toggle,
      name: text(),
      annotations: textMap,
      labels: textMap,
      automountServiceAccountToken: toggle,
    }),
    automountServiceAccountToken: toggle,
    identity,
    settings: settings(),
    extraArgs: list(text({ pattern: '^--' })),
    extraEnv: list({ type: 'object', properties: { name: text() }, required: ['name'] }),
    ...pods,
    networkPolicy: fields({ enabled: toggle, ingress: maps, egress: maps }),
    ...monitoring,
    extraObjects: list({ type: ['object', 'string'] }),
    // Helm gives it to a chart that is part of another.
    global: anyMap,
  })

/** `deploy/chart/values.schema.json`, with the descriptions of `values.yaml`. */
export function valuesSchema(): string {
  const comments = new Map(readValues().map(({ path, comment }) => [path, comment]))
  for (const [key, { description }] of chartSettings) {
    const path = `settings.${key}`
    if (!comments.has(path)) comments.set(path, description)
  }
  const schema = { $schema: 'http://json-schema.org/draft-07/schema#', ...described(root(), '', comments) }
  return `${JSON.stringify(schema, undefined, 2)}\n`
}

/** The schemas of all values, by path. */
export function schemasByPath(): ReadonlyMap<string, Schema> {
  const found = new Map<string, Schema>()
  const visit = (schema: Schema, above: string): void => {
    for (const [key, each] of Object.entries(schema.properties ?? {})) {
      found.set(`${above}${key}`, each)
      visit(each, `${above}${key}.`)
    }
  }
  visit(root(), '')
  return found
}

function described(schema: Schema, path: string, comments: ReadonlyMap<string, string>): Schema {
  const comment = comments.get(path)
  const { properties, ...rest } = schema
  const inner = Object.entries(properties ?? {}).map(([key, each]) => [
    key,
    described(each, path === '' ? key : `${path}.${key}`, comments),
  ])
  return {
    ...(comment ? { description: comment } : {}),
    ...rest,
    ...(properties === undefined ? {} : { properties: Object.fromEntries(inner) }),
  }
}
