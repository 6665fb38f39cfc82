import { expect, test } from 'vitest'
import { SecretReader } from '../../src/kube/secret-reader.ts'
import type { SecretRef } from '../../src/kube/secrets.ts'

function aReader() {
  const asked: string[] = []
  const read = async ({ namespace, name }: SecretRef): Promise<undefined> =>
    void asked.push(`${namespace}/${name}`)
  return { asked, reader: new SecretReader({ read }, () => 0) }
}

test('whoever asks for the same Secret shares one read', async () => {
  const { asked, reader } = aReader()
  await using _ = reader
  await Promise.all([1, 2, 3].map(() => reader.read({ namespace: 'a', name: 'token' })))
  expect(asked).toEqual(['a/token'])
})

test('a namespace with many Secrets does not hold up another, and the rest waits for the rate', async () => {
  const { asked, reader } = aReader()
  const crowd = Array.from({ length: 100 }, (_, at) => reader.read({ namespace: 'crowd', name: `s${at}` }))
  const ended = Promise.allSettled(crowd)
  await reader.read({ namespace: 'quiet', name: 'token' })
  expect(asked.indexOf('quiet/token')).toBeLessThanOrEqual(2)
  await Promise.all(crowd.slice(0, 19))
  expect(asked).toHaveLength(20)
  await reader[Symbol.asyncDispose]()
  expect((await ended).filter(({ status }) => status === 'rejected')).toHaveLength(81)
})
