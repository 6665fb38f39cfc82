import { readClusterKey, splitKey } from '../../model/names.ts'
import type { Marks } from '../marks.ts'

/**
 * What a droplet says of itself: three tags, since each tag is a thing of the team's that somebody has to take away again.
 * DigitalOcean keeps a tag as it was first spelt and takes capital letters for small ones; nothing here depends on them.
 */
export const prefixes = {
  installation: 'dask-installation:',
  cluster: 'dask-cluster:',
  launch: 'dask-launch:',
} as const

const roles = { scheduler: 's', worker: 'w' } as const

/** All droplets of an installation: what one list asks for. */
export const installationTag = (installation: string): string =>
  `${prefixes.installation}${written(installation)}`

/** All droplets of a cluster: what its firewall is for. At most 220 characters. */
export function clusterTag({ uid = '', cluster = '', seal = '' }: Marks): string {
  const { namespace, name } = splitKey(readClusterKey(cluster))
  return prefixes.cluster + [uid, namespace, name, seal].map(written).join(':')
}

/** All droplets of one launch: what says, before a second try, whether the first has made any. At most 250 characters. */
export const launchTag = (
  token: string,
  { uid = '', role = '', group = '', seq = '', fingerprint = '', seal = '' }: Marks,
): string =>
  prefixes.launch +
  [token, uid, role === 'scheduler' ? roles.scheduler : roles.worker, group, seq, fingerprint, seal]
    .map(written)
    .join(':')

/** The parts of a tag that was made here; undefined for any other, and where somebody wrote something else. */
export function readClusterTag(tag: string): Marks | undefined {
  const [uid, namespace, name, seal, ...more] = partsOf(tag, prefixes.cluster)
  if (uid === undefined || namespace === undefined || !name || !seal || more.length > 0) return undefined
  return { uid, cluster: `${namespace}/${name}`, seal }
}

export function readLaunchTag(tag: string): Marks | undefined {
  const [token, uid, role, group, seq, fingerprint, seal, ...more] = partsOf(tag, prefixes.launch)
  if (!token || !uid || !group || !seq || !fingerprint || !seal || more.length > 0) return undefined
  const [launch = ''] = token.split('-')
  const word = role === roles.scheduler ? 'scheduler' : 'worker'
  return { launch, uid, role: word, group, seq, fingerprint, seal }
}

/** All that a droplet says of itself. */
export function readTags(tags: readonly string[]): Marks {
  const told = (read: (tag: string) => Marks | undefined): Marks =>
    tags.map(read).find(each => each !== undefined) ?? {}
  const cluster = told(readClusterTag)
  const launch = told(readLaunchTag)
  const [installation] = tags.flatMap(tag => partsOf(tag, prefixes.installation))
  // The seal of a droplet is that of its launch; that of its cluster is the firewall's matter.
  return {
    ...cluster,
    ...launch,
    // Somebody may have taken one of the two away: the other says enough. Two that differ say nothing.
    ...(cluster.uid !== undefined && launch.uid !== undefined && cluster.uid !== launch.uid
      ? { uid: '' }
      : {}),
    ...(installation !== undefined && { installation }),
  }
}

/** As a tag takes it: hexadecimal, 128 bits. */
export const shortened = (seal: string): string => Buffer.from(seal, 'base64url').toString('hex').slice(0, 32)

function partsOf(tag: string, prefix: string): readonly string[] {
  if (tag.slice(0, prefix.length).toLowerCase() !== prefix) return []
  return tag.slice(prefix.length).split(':').map(read)
}

/** A tag has letters, digits, dashes, colons and underscores: anything else is written as its byte. */
const written = (text: string): string =>
  text.replaceAll(/[^A-Za-z0-9-]/g, character =>
    [...Buffer.from(character)].map(byte => `_${byte.toString(16).padStart(2, '0')}`).join(''),
  )

const read = (text: string): string =>
  Buffer.from(
    text.replaceAll(/_([0-9a-f]{2})/gi, (_all, byte: string) =>
      String.fromCodePoint(Number.parseInt(byte, 16)),
    ),
    'latin1',
  ).toString('utf8')
