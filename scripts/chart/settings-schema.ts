import { settings } from '../../src/config.ts'
import type { Option } from '../../src/lib/options.ts'
import { integer, list, type Schema, text, words } from './schema.ts'

/** What the chart sets itself, or from values of other names. */
const others = ['kubeconfig', 'context', 'namespace', 'watchNamespaces', 'leaderElect']

/** The settings that `settings.NAME` of the chart takes. */
export const chartSettings: readonly (readonly [string, Option<unknown>])[] = Object.entries(settings).filter(
  ([name]) => !others.includes(name),
)

const durationPattern = String.raw`^\d{1,9}(ms|s|m|h)$`
/** A port that is 0 would serve nothing, or where no probe looks. */
const addressPattern = String.raw`^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):[1-9]\d{0,4}$`

/** As the operator reads it from a flag, with lists as lists and numbers as numbers. */
export function settingSchema([name, option]: readonly [string, Option<unknown>]): Schema {
  if (name === 'httpAddress') return text({ pattern: addressPattern })
  const { placeholder } = option
  const values = 'values' in option && Array.isArray(option.values) ? option.values.map(String) : undefined
  const pattern = 'pattern' in option && option.pattern instanceof RegExp ? option.pattern.source : undefined
  const item = values === undefined ? text(pattern === undefined ? {} : { pattern }) : words(values)
  if (Array.isArray(option.default)) return list(item)
  if (placeholder === 'DURATION') return text({ pattern: durationPattern })
  if (typeof option.default === 'number') return integer(boundsOf(option))
  return item
}

function boundsOf(option: object): { readonly minimum?: number; readonly maximum?: number } {
  return {
    ...('min' in option && typeof option.min === 'number' ? { minimum: option.min } : {}),
    ...('max' in option && typeof option.max === 'number' ? { maximum: option.max } : {}),
  }
}
