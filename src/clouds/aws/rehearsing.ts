import { RunInstancesCommand } from '@aws-sdk/client-ec2'
import type { Call } from '../../lib/call.ts'
import { clusterKey, clusterUid, fingerprint, launchId } from '../../model/names.ts'
import type { LaunchRequest, Rehearsals, RehearsalWish } from '../contract.ts'
import type { Marks } from '../marks.ts'
import { rehearsalsOf, sizesIn } from '../rehearsing.ts'
import type { AwsAccount } from './account.ts'
import { usualSizes } from './choices.ts'
import { writeHandle } from './handle.ts'
import { imageFor, sizesOf } from './images.ts'
import { runRequest } from './launching.ts'
import { offeringsOf, writeOffering } from './offerings.ts'
import type { AwsSession } from './session.ts'
import type { AwsSettings } from './settings.ts'
import { subnetsOf } from './subnets.ts'

interface Eyes {
  readonly session: AwsSession
  readonly account: AwsAccount
  readonly settings: AwsSettings
  /** What a machine of ours would be tagged with. */
  readonly marksOf: (request: LaunchRequest) => Marks
}

/** Subnets, sizes and images are looked up, and a machine is asked for with `DryRun`: EC2 says whether it might be, and makes none. */
export function rehearsalsOn(eyes: Eyes, wish: RehearsalWish): Rehearsals {
  const { settings } = eyes
  const names = sizesIn(wish, usualSizes)
  return rehearsalsOf(names, {
    network: call => subnetsOf(eyes, settings, call),
    async size(name, call) {
      const [size] = await sizesOf(eyes, [name], call)
      return size ?? { name, architectures: [], hasGpu: false }
    },
    image: (size, call) => imageFor(eyes, size, settings.image, call),
    rights: call => dryRun(eyes, names, wish, call),
  })
}

/** Whatever is missing for it is told by the other rehearsals: then there is nothing to ask for. */
async function dryRun(
  eyes: Eyes,
  names: readonly string[],
  { exposure }: RehearsalWish,
  call: Call,
): Promise<void> {
  const { session, settings } = eyes
  const [subnet] = await subnetsOf(eyes, settings, call)
  const [size] = await sizesOf(eyes, names.slice(0, 1), call)
  if (subnet === undefined || size === undefined) return
  const image = await imageFor(eyes, size, settings.image, call)
  const sizes = [{ name: size.name, image }]
  const choices = {
    sizes,
    subnets: [subnet],
    purchasing: 'OnDemand',
    diskGiB: settings.disk.sizeGiB,
  } as const
  const [offering] = offeringsOf(choices)
  if (offering === undefined) return
  const handle = writeHandle({ interface: 'none', subnet: subnet.id, zone: subnet.zone, workers: '' })
  const endpoint = { host: '', port: 0 }
  const request: LaunchRequest = {
    ...nobody,
    offering: writeOffering(offering),
    address: { external: endpoint, internal: endpoint, handle },
    exposure,
  }
  const asked = runRequest(request, settings, eyes.marksOf(request))
  const [own = {}] = asked.NetworkInterfaces ?? []
  const { Groups: _unmade, ...unguarded } = own
  const isGuarded = settings.securityGroups !== undefined
  const whole = { ...asked, DryRun: true, NetworkInterfaces: [isGuarded ? own : unguarded] }
  await session.make('RunInstances', call, options =>
    session.ec2.send(new RunInstancesCommand(whole), options).catch((error: unknown) => {
      // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html: it would have been.
      if (error instanceof Error && error.name === 'DryRunOperation') return
      throw error
    }),
  )
}

const nobody = {
  token: 'rehearsal',
  launch: launchId('0000000000000000'),
  owner: {
    uid: clusterUid('00000000-0000-4000-8000-000000000000'),
    key: clusterKey('rehearsal', 'rehearsal'),
  },
  role: 'worker',
  group: 'default',
  count: 1,
  seq: 0,
  fingerprint: fingerprint('v1:0'),
  userData: '#cloud-config\n{}\n',
} as const
