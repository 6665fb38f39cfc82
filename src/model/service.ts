import type { Endpoint } from './machine.ts'

/** Where the name that pods use leads. */
export interface Route extends Endpoint {
  /** Whether a machine of the scheduler runs there. */
  readonly isUp: boolean
}

/** The Service and the EndpointSlice behind it. Both may be somebody else's, and are left alone then. */
export type ServiceView =
  | { readonly kind: 'seen'; readonly service: Piece | 'kept'; readonly slice: Piece | SliceSeen }
  /** A write was refused a moment ago: the same would be refused again. */
  | { readonly kind: 'refused'; readonly problem: string }
  | { readonly kind: 'silent'; readonly problem: string }

export type Piece = 'missing' | 'foreign' | 'altered'

export interface SliceSeen {
  /** Undefined while it leads nowhere. */
  readonly route: Route | undefined
}

/** What the Service and its EndpointSlice are called. */
export const serviceName = (cluster: string): string => `${cluster}-scheduler`

/** What pods call the scheduler; its certificate has this name. */
export const serviceHost = ({ name, namespace }: { readonly name: string; readonly namespace: string }) =>
  `${serviceName(name)}.${namespace}.svc`

/** Whether a slice has to be written to lead there. What leads nowhere yet need not be there. */
export function leadsElsewhere(slice: Piece | SliceSeen, route: Route | undefined): boolean {
  if (slice === 'foreign') return false
  if (slice === 'missing') return route?.isUp === true
  return slice === 'altered' || !isSameRoute(slice.route, route)
}

const isSameRoute = (one: Route | undefined, other: Route | undefined): boolean =>
  one?.host === other?.host && one?.port === other?.port && one?.isUp === other?.isUp
