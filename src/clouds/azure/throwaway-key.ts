import { generateKeyPairSync } from 'node:crypto'

/**
 * The public half of a new SSH key, as a line of `authorized_keys`, for whom Azure wants one and the user gave none. Its
 * private half is never written down, so that nobody can log in with it.
 */
export function throwawayKey(): string {
  const { publicKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)
  const kind = 'ssh-ed25519'
  return `${kind} ${Buffer.concat([withLength(Buffer.from(kind)), withLength(raw)]).toString('base64')}`
}

function withLength(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}
