import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import type { MachineWish } from '../contract.ts'
import type { AwsAccount } from './account.ts'
import { readHandle } from './handle.ts'
import { imageFor, sizesOf } from './images.ts'
import { kindOf, offeringsOf, writeOffering } from './offerings.ts'
import type { AwsSession } from './session.ts'
import type { AwsSettings } from './settings.ts'
import { subnetsOf } from './subnets.ts'

export const usualSizes = { scheduler: ['m7i.large'], worker: ['m7i.xlarge'] } as const

/** What a group may be launched as, as records have it; what was out of stock lately comes last. Never empty. */
export async function offeringsFor(
  eyes: { readonly session: AwsSession; readonly account: AwsAccount },
  settings: AwsSettings,
  { role, sizes, purchasing, address }: MachineWish,
  call: Call,
): Promise<readonly string[]> {
  const names = sizes.length > 0 ? sizes : usualSizes[role]
  const [known, subnets] = await Promise.all([sizesOf(eyes, names, call), subnetsOf(eyes, settings, call)])
  const images = await Promise.all(
    known.map(async size => ({ name: size.name, image: await imageFor(eyes, size, settings.image, call) })),
  )
  const { subnet, zone } = readHandle(address?.handle)
  // An interface cannot leave its zone; workers are best off where their scheduler is.
  const near = subnets.toSorted((a, b) => Number(b.zone === zone) - Number(a.zone === zone))
  const where = role === 'scheduler' ? near.filter(({ id }) => id === subnet) : near
  if (where.length === 0)
    throw new CloudError(
      'invalid',
      'The scheduler’s address is in a subnet that spec.cloud.aws does not name any more: name it again, or suspend the cluster and delete it',
    )
  const choices = { sizes: images, subnets: where, purchasing, diskGiB: settings.disk.sizeGiB }
  return eyes.account.outOfStock.order(offeringsOf(choices), kindOf).map(writeOffering)
}
