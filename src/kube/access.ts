import { isAbsolute, join } from 'node:path'
import type { KubeError } from './fault.ts'
import { noAnswer } from './fault.ts'

/** A certificate, a key or a token: as it is, or in a file that may be replaced at any time. */
export type Material =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'file'; readonly path: string }

export type Headers = Readonly<Record<string, string | readonly string[]>>

/** A program that prints credentials, as `users[].user.exec` of a kubeconfig says. */
export interface Plugin {
  /** Of the kubeconfig, for messages. */
  readonly user: string
  readonly apiVersion: string
  /** Looked for on the PATH where it has no slash. */
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly installHint: string
  /** What it is told of the cluster; undefined where it did not ask. */
  readonly cluster: Readonly<Record<string, unknown>> | undefined
}

/** The way to an API server, and what proves who we are. Nothing of it was read from a file yet. */
export interface Access {
  /** Where it was found, for messages. */
  readonly origin: string
  readonly server: string
  readonly proxy: string | undefined
  readonly serverName: string | undefined
  /** False only where `insecure-skip-tls-verify` is set. */
  readonly verifies: boolean
  readonly authority: Material | undefined
  readonly certificate: Material | undefined
  readonly key: Material | undefined
  readonly token: Material | undefined
  readonly headers: Headers
  readonly plugin: Plugin | undefined
  /** A file's in a pod. */
  readonly namespace: Material | undefined
}

export const misconfigured = (message: string, cause?: unknown): KubeError =>
  noAnswer('Configuration', message, cause)

export const fileIn = (directory: string, path: string): Material => ({
  kind: 'file',
  path: isAbsolute(path) ? path : join(directory, path),
})
