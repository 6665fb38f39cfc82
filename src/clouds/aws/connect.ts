import { digest } from '../../lib/fingerprint.ts'
import { type Scope, scope } from '../../model/names.ts'
import type { CloudContext } from '../contract.ts'
import { sealer } from '../marks.ts'
import { Sessions, sharedBy } from '../sessions.ts'
import { AwsAccount } from './account.ts'
import type { AwsCredentials } from './credentials.ts'
import { AwsCloud } from './provider.ts'
import { AwsSession } from './session.ts'
import type { AwsSettings } from './settings.ts'

const connectMs = 15_000

interface Opened {
  readonly session: AwsSession
  readonly account: AwsAccount
  readonly scope: Scope
}

const shared = sharedBy(() => ({
  accounts: new Map<Scope, AwsAccount>(),
  sessions: new Sessions<Opened>(({ session }) => session.close()),
}))

/** Throws a CloudError where AWS does not know the credentials. */
export async function connectAws(
  settings: AwsSettings,
  credentials: AwsCredentials | undefined,
  context: CloudContext,
): Promise<AwsCloud> {
  const { sessions, accounts } = shared(context)
  const { region } = settings
  const key = digest({ region, credentials })
  const { session: opened, leave } = await sessions.of(key, () => open({ region, credentials }, accounts))
  return new AwsCloud({
    ...opened,
    settings,
    installation: context.installation,
    seal: sealer(context.sealingKey),
    now: Date.now,
    onClose: leave,
  })
}

async function open(
  where: { readonly region: string; readonly credentials: AwsCredentials | undefined },
  accounts: Map<Scope, AwsAccount>,
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
