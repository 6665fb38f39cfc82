import { describe, expect, test } from 'vitest'
import { Buckets } from '../support/aws/buckets.ts'
import { Ec2Failure } from '../support/aws/failure.ts'
import { filtered } from '../support/aws/filters.ts'
import { Form } from '../support/aws/form.ts'
import { pageOf } from '../support/aws/pages.ts'
import { document, parsed } from '../support/aws/xml.ts'

const form = (entries: Readonly<Record<string, string>>): Form => new Form(new Map(Object.entries(entries)))

const codeOf = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    if (error instanceof Ec2Failure) return error.code
    throw error
  }
  return 'none'
}

describe('a request', () => {
  test('is read by name, lists in the order of their numbers', () => {
    const asked = form({ 'InstanceId.2': 'i-2', 'InstanceId.10': 'i-10', 'InstanceId.1': 'i-1' })
    expect(asked.texts('InstanceId')).toEqual(['i-1', 'i-2', 'i-10'])
    expect(codeOf(() => asked.noOthers())).toBe('none')
  })

  test('with a parameter that nobody reads is refused', () => {
    expect(codeOf(() => form({ Action: 'RunInstances', Whatever: '1' }).noOthers())).toBe('UnknownParameter')
  })

  test('gives tags to the kind of resource they are for', () => {
    const tags = form({
      'TagSpecification.1.ResourceType': 'volume',
      'TagSpecification.1.Tag.1.Key': 'a',
      'TagSpecification.1.Tag.1.Value': 'b',
    }).tags(['instance', 'volume'])
    expect([...tags('volume')]).toEqual([['a', 'b']])
    expect([...tags('instance')]).toEqual([])
  })

  test('may not use the tags of AWS', () => {
    expect(codeOf(() => form({ 'Tag.1.Key': 'aws:x' }).pairs())).toBe('InvalidParameterValue')
  })
})

test('an answer is read back as it was written', () => {
  const text = document('Answer', { word: 'a <b> & "c" &amp;', set: [{ id: 1 }, { id: 2 }], none: undefined })
  const { name, children } = parsed(text)
  expect(name).toBe('Answer')
  expect(children.map(child => child.name)).toEqual(['word', 'set'])
  expect(children[0]?.text).toBe('a <b> & "c" &amp;')
  expect(children[1]?.children.map(({ children: [id] }) => id?.text)).toEqual(['1', '2'])
})

const things = ['a', 'b', 'c'].map((name, seq) => ({ name, seq, tags: new Map([['name', name]]) }))

const names = (filter: string, ...values: readonly string[]): readonly string[] =>
  filtered(things, [{ name: filter, values }], { id: ({ name }) => [`x.${name}`] }).map(({ name }) => name)

describe('filters', () => {
  test('let through what has one of the values', () => {
    expect(names('id', 'x.a', 'x.c')).toEqual(['a', 'c'])
    expect(names('tag:name', 'b')).toEqual(['b'])
    expect(names('tag-key', 'name')).toEqual(['a', 'b', 'c'])
  })

  test('know wildcards, and take a point for a point', () => {
    expect(names('id', 'x*')).toEqual(['a', 'b', 'c'])
    expect(names('id', 'x.?')).toEqual(['a', 'b', 'c'])
    expect(names('id', '?.*.')).toEqual([])
  })

  test('that there are not are refused', () => {
    expect(codeOf(() => names('colour', 'red'))).toBe('InvalidParameterValue')
  })
})

describe('pages', () => {
  const limits = { least: 2, most: 1000, ids: 'InstanceId' }

  test('miss nothing where a thing of an earlier page has gone', () => {
    const first = pageOf(things, form({ MaxResults: '2' }), limits)
    const next = form({ MaxResults: '2', NextToken: first.nextToken ?? '' })
    expect(first.items.map(({ name }) => name)).toEqual(['a', 'b'])
    expect(pageOf(things.slice(1), next, limits)).toEqual({ items: things.slice(2), nextToken: undefined })
  })

  test('have a least size, and none where ids are given', () => {
    expect(codeOf(() => pageOf(things, form({ MaxResults: '1' }), limits))).toBe('InvalidParameterValue')
    const both = form({ MaxResults: '2', 'InstanceId.1': 'i-1' })
    expect(codeOf(() => pageOf(things, both, limits))).toBe('InvalidParameterCombination')
  })
})

const taken = (buckets: Buckets, times: number, action: string): number =>
  Array.from({ length: times }, () => codeOf(() => buckets.takeRequest(action, false))).filter(
    code => code === 'none',
  ).length

describe('buckets', () => {
  test('give five launches at once, and two more each second', () => {
    let now = 0
    const buckets = new Buckets(() => now)
    expect(taken(buckets, 10, 'RunInstances')).toBe(5)
    now = 1_000
    expect(taken(buckets, 10, 'RunInstances')).toBe(2)
    expect(taken(buckets, 200, 'TerminateInstances')).toBe(100)
  })

  test('count the machines of launches beside the requests', () => {
    const buckets = new Buckets(() => 0)
    buckets.takeMachines('RunInstances', 900)
    expect(codeOf(() => buckets.takeMachines('RunInstances', 101))).toBe('RequestLimitExceeded')
    expect(codeOf(() => buckets.takeMachines('RunInstances', 100))).toBe('none')
  })
})
