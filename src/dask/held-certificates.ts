import { isRecord } from '../lib/parse.ts'
import { type HeldCertificates, maxAuthorities } from '../model/renewal.ts'

const mark = /^[0-9a-f]{16}$/
const latestS = 253_402_300_799

/**
 * What Dask on a machine says of its certificates (`bootstrap/machine/dask_tls.py`), or undefined. A tenant's tasks may have
 * made it up: it decides when a machine is asked and replaced, and never what anybody is given.
 */
export function heldCertificates(raw: unknown): HeldCertificates | undefined {
  if (!isRecord(raw)) return undefined
  const { cert, from, until, ca } = raw
  if (!isMark(cert) || !isTime(from) || !isTime(until) || !Array.isArray(ca) || !ca.every(isMark))
    return undefined
  return {
    certificate: cert,
    notBefore: from * 1000,
    notAfter: until * 1000,
    authorities: ca.toSorted().slice(0, maxAuthorities),
  }
}

const isMark = (raw: unknown): raw is string => typeof raw === 'string' && mark.test(raw)

const isTime = (raw: unknown): raw is number => typeof raw === 'number' && raw >= 0 && raw <= latestS
