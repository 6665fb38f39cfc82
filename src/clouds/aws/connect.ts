import { digest } from '../../lib/fingerprint.ts'
import { type Scope, scope } from '../../model/names.ts'
import type { CloudContext } from '../contract.ts'
import { sealer } from '../marks.ts'
import { AwsAccount } from './account.ts'
import type { AwsCredentials } from './credentials.ts'
import { AwsCloud } from './provider.ts'
import { AwsSession } from './session.ts'
import type { AwsSettings } from './settings.ts'

const connectMs = 15_000

/** What the clusters of one operator share, as long as it lives. */
interface Shared {
  readonly accounts: Map<Scope, AwsAccount>
  readonly sessions: Map<string, Kept>
}

interface Kept {
  readonly opened: Promise<Opened>
  users: number
}

interface Opened {
  readonly session: AwsSession
  readonly account: AwsAccount
  readonly scope: Scope
}

const shared = new WeakMap<CloudContext, Shared>()

/** Throws a CloudError where AWS does not know the credentials. */
export async function connectAws(
  settings: AwsSettings,
  credentials: AwsCredentials | undefined,
  context: CloudContext,
): Promise<AwsCloud> {
  const { sessions, accounts } = sharedBy(context)
  const { region } = settings
  const key = digest({ region, credentials })
  const kept = sessions.get(key) ?? { opened: open({ region, credentials }, accounts), users: 0 }
  sessions.set(key, kept)
  kept.opened.catch(() => sessions.delete(key))
  kept.users += 1
  const { session, account, scope: where } = await kept.opened
  return new AwsCloud({
    session,
    account,
    scope: where,
    settings,
    installation: context.installation,
    seal: sealer(context.sealingKey),
    now: Date.now,
    onClose() {
      kept.users -= 1
      if (kept.users > 0) return
      sessions.delete(key)
      session.close()
    },
  })
}

async function open(
  where: { readonly region: string; readonly credentials: AwsCredentials | undefined },
  accounts: Shared['accounts'],
): Promise<Opened> {
  const session = await AwsSession.open(where)
  try {
    const id = await session.account({ signal: AbortSignal.timeout(connectMs) })
    const seen = scope(`aws/${id}/${where.region}`)
    const account = accounts.get(seen) ?? new AwsAccount()
    accounts.set(seen, account)
    session.share(account.gate)
    return { session, account, scope: seen }
  } catch (error) {
    session.close()
    throw error
  }
}

function sharedBy(context: CloudContext): Shared {
  const known = shared.get(context) ?? { accounts: new Map(), sessions: new Map() }
  shared.set(context, known)
  return known
}
