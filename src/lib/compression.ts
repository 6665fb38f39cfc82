import { gzipSync } from 'node:zlib'

/** A text in about half its bytes. Equal texts give equal bytes, since zlib writes no time. */
export const compressed = (text: string): Buffer => gzipSync(text, { level: 9 })
