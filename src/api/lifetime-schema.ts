import { object } from './schema/containers.ts'
import { duration } from './schema/scalars.ts'
import { optional } from './schema/schema.ts'

const bounds = { minMs: 10_000, maxMs: 31_536_000_000 }

export const lifetime = object({
  description:
    'When the cluster ends by itself. Durations are written as Gateway API does, for example 90m or 8h.',
  others: 'refused',
  fields: {
    idleTimeout: optional(
      duration({
        description:
          'After so long with no task and no connected client the cluster goes to sleep, as with suspend. A change of ' +
          'the spec or a new value of the annotation cloud.dask.org/resume wakes it. Results that no client holds are ' +
          'lost. Default: never.',
        ...bounds,
      }),
    ),
    ttl: optional(
      duration({
        description:
          'So long after its creation the cluster is deleted, this resource too, whatever it does then. Default: never.',
        ...bounds,
      }),
    ),
  },
})
