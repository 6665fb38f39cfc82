/** A JSON schema, as far as the chart's values need one. */
export interface Schema {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly enum?: readonly string[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly uniqueItems?: boolean
}

type Facts = Omit<Schema, 'type'>

export const text = (facts: Facts = {}): Schema => ({ type: 'string', ...facts })
export const words = (values: readonly string[]): Schema => text({ enum: values })
export const toggle: Schema = { type: 'boolean' }
export const integer = (facts: Facts): Schema => ({ type: 'integer', ...facts })
export const list = (items: Schema, facts: Facts = {}): Schema => ({ type: 'array', items, ...facts })
/** Any map: Kubernetes itself says what may be in it. */
export const anyMap: Schema = { type: 'object' }
export const textMap: Schema = { type: 'object', additionalProperties: text() }
/** A map with these keys and no others. */
export const fields = (
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[] = [],
): Schema => ({
  type: 'object',
  additionalProperties: false,
  properties,
  ...(required.length > 0 ? { required } : {}),
})

/** A number, or a percentage, or nothing. */
export const share: Schema = {
  type: ['integer', 'string', 'null'],
  minimum: 0,
  pattern: String.raw`^\d{1,3}%$`,
}
