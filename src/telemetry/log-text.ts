import { isRecord } from '../lib/parse.ts'

/** A JSON line for people: time, level, message, then what else it holds. */
export function readable(line: string): string {
  const { time, level, message, ...rest } = fieldsOf(line)
  const head = `${String(time).slice(11, 23)} ${String(level).toUpperCase().padEnd(5)} ${String(message)}`
  const stacks: string[] = []
  const words = Object.entries(rest).map(([key, value]) => `${key}=${shown(value, stacks)}`)
  return `${[head, ...words].join(' ')}\n${stacks.map(stack => `    ${stack.replaceAll('\n', '\n    ')}\n`).join('')}`
}

function fieldsOf(line: string): Readonly<Record<string, unknown>> {
  try {
    const fields: unknown = JSON.parse(line)
    return isRecord(fields) ? fields : {}
  } catch {
    return { message: line }
  }
}

function shown(value: unknown, stacks: string[]): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
  if (isRecord(value) && typeof value['stack'] === 'string') {
    stacks.push(value['stack'])
    for (let cause = value['cause']; isRecord(cause); cause = cause['cause']) {
      stacks.push(`caused by ${typeof cause['stack'] === 'string' ? cause['stack'] : JSON.stringify(cause)}`)
    }
    return JSON.stringify(value['message'])
  }
  return JSON.stringify(value) ?? ''
}
