import { GivenCertificates } from '../../src/app/given-certificates.ts'
import { Issuing } from '../../src/app/issuing.ts'
import { now } from './a-world.ts'

const nobody = { now: () => now, notify: () => undefined }
const unread = {
  read: async () => undefined,
  apply: async () => undefined,
  remove: async () => undefined,
}
const issuing = new Issuing({ ...nobody, certificates: unread, secrets: unread })

/** For clusters that make their own certificates. */
export const nothingGiven = new GivenCertificates({ ...nobody, reader: unread, issuing, wall: () => now })
