import { object } from './schema/containers.ts'
import { text } from './schema/scalars.ts'
import { matching } from './schema/schema.ts'

const secretName = text({
  description: 'The name of the Secret.',
  min: 1,
  max: 253,
  rules: [
    matching(
      /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
      'must be the name of a Secret: lower case letters, digits, - and .',
    ),
  ],
})

/** A Secret of the cluster's own namespace: there is no field for another one. */
export const secretRef = (description: string) =>
  object({ description, others: 'refused', fields: { name: secretName } })
