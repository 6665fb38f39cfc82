import type { Cloud } from '../clouds/contract.ts'
import type { KubeTransport } from '../kube/transport.ts'
import type { Desk } from '../reconcile/ports.ts'

/** Where something may be put between the operator and what it works with: tests that kill or hold it do. */
export interface Seams {
  readonly kube: (kube: KubeTransport) => KubeTransport
  /** Each cloud as it is connected, before its calls are timed. */
  readonly cloud: (cloud: Cloud) => Cloud
  readonly desk: (desk: Desk) => Desk
}

/** Nothing in between. */
export const seamless: Seams = { kube: kube => kube, cloud: cloud => cloud, desk: desk => desk }
