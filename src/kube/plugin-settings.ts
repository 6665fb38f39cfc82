import { join } from 'node:path'
import { isRecord, list, oneOf, optional, ParseError, record, text } from '../lib/parse.ts'
import type { Plugin } from './access.ts'

type Fields = Readonly<Record<string, unknown>>

const versions = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'] as const
const modes = ['Never', 'IfAvailable', 'Always'] as const
/** Under this name a cluster keeps settings for plugins, among its `extensions`. */
const extensionName = 'client.authentication.k8s.io/exec'

interface User {
  readonly name: string
  readonly path: string
  readonly fields: Fields
  readonly directory: string
}

interface Cluster {
  readonly server: string
  readonly serverName: string | undefined
  readonly proxy: string | undefined
  readonly verifies: boolean
}

/** The credential plugin of a user of a kubeconfig. Throws a ParseError. */
export function pluginOf(user: User, cluster: Cluster, clusterFields: Fields): Plugin | undefined {
  const path = `${user.path}.exec`
  const exec = optional(user.fields['exec'], path, record)
  if (exec === undefined) return undefined
  const mode = optional(exec['interactiveMode'], `${path}.interactiveMode`, (raw, at) =>
    oneOf(raw, at, modes),
  )
  if (mode === 'Always') {
    throw new ParseError(
      `${path}.interactiveMode`,
      'is Always, and here is nobody to ask; use a plugin that asks nothing, and Never',
    )
  }
  return {
    user: user.name,
    apiVersion: oneOf(exec['apiVersion'], `${path}.apiVersion`, versions),
    command: commandIn(user.directory, text(exec['command'], `${path}.command`)),
    args: (optional(exec['args'], `${path}.args`, list) ?? []).map((arg, at) =>
      plain(arg, `${path}.args[${at}]`),
    ),
    env: envOf(exec['env'], `${path}.env`),
    installHint: typeof exec['installHint'] === 'string' ? exec['installHint'].trim() : '',
    cluster: exec['provideClusterInfo'] === true ? told(cluster, clusterFields) : undefined,
  }
}

/** A name is looked for on the PATH; a path is relative to the kubeconfig. */
const commandIn = (directory: string, command: string): string =>
  command.includes('/') && !command.startsWith('/') ? join(directory, command) : command

function envOf(raw: unknown, path: string): Readonly<Record<string, string>> {
  const all = (optional(raw, path, list) ?? []).map((item, at) => {
    const { name, value } = record(item, `${path}[${at}]`)
    return [text(name, `${path}[${at}].name`), plain(value, `${path}[${at}].value`)] as const
  })
  return Object.fromEntries(all)
}

/** Its authority is added when it is known. */
function told(cluster: Cluster, fields: Fields): Fields {
  const extension = (Array.isArray(fields['extensions']) ? fields['extensions'] : []).find(
    item => isRecord(item) && item['name'] === extensionName,
  )
  const all = {
    server: cluster.server,
    'tls-server-name': cluster.serverName,
    'insecure-skip-tls-verify': cluster.verifies ? undefined : true,
    'proxy-url': cluster.proxy,
    config: isRecord(extension) ? extension['extension'] : undefined,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

/** May be empty; what was found is not shown, since it may be a secret. */
function plain(raw: unknown, path: string): string {
  if (typeof raw === 'string') return raw
  throw new ParseError(path, `must be a text, found ${raw === undefined ? 'nothing' : `a ${typeof raw}`}`)
}
