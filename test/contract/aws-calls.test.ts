import { expect, test } from 'vitest'
import { anAwsGround } from '../support/aws/aws-ground.ts'
import { anOwner } from '../support/launch-request.ts'

const call = { signal: AbortSignal.timeout(60_000) }

test('what a cluster’s network costs in calls, as docs/aws.md has it', async () => {
  await using ground = await anAwsGround({ tempo: { networkLagMs: 0 } })
  const cloud = await ground.open('ours')
  const { ledger } = ground.ec2
  const during = async (work: () => Promise<unknown>): Promise<readonly [looks: number, changes: number]> => {
    const before = ledger.length
    await work()
    const names = ledger.slice(before).map(({ action }) => action)
    const looks = names.filter(name => name.startsWith('Describe')).length
    return [looks, names.length - looks]
  }
  const owner = anOwner()
  const wish = { owner, exposure: 'Public', admitted: ['203.0.113.0/24'] } as const
  expect(await during(() => cloud.reserveAddress(wish, call))).toEqual([7, 7])
  expect(await during(() => cloud.reserveAddress(wish, call))).toEqual([6, 0])
  expect(await during(() => cloud.list(call))).toEqual([4, 0])
  expect(await during(() => cloud.releaseAddress(owner.uid, call))).toEqual([3, 7])
  expect(ground.left()).toEqual([])
  await cloud.close()
})
