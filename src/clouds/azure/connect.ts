import { digest } from '../../lib/fingerprint.ts'
import { type Scope, scope } from '../../model/names.ts'
import type { CloudContext } from '../contract.ts'
import { sealer } from '../marks.ts'
import { Sessions, sharedBy } from '../sessions.ts'
import type { AzureCredentials } from './credentials.ts'
import { AzureCloud } from './provider.ts'
import { AzureSession } from './session.ts'
import type { AzureSettings } from './settings.ts'
import { AzureSubscription } from './subscription.ts'

const connectMs = 15_000

interface Opened {
  readonly session: AzureSession
  /** What its lists can see: they are filtered by the rights of whoever asks, and still look complete. */
  readonly scope: Scope
}

const shared = sharedBy(() => ({
  subscriptions: new Map<Scope, AzureSubscription>(),
  sessions: new Sessions<Opened>(() => undefined),
}))

/** Throws a CloudError where Azure does not know the credentials. */
export async function connectAzure(
  settings: AzureSettings,
  credentials: AzureCredentials | undefined,
  context: CloudContext,
): Promise<AzureCloud> {
  const { sessions, subscriptions } = shared(context)
  const { subscriptionId } = settings
  const key = digest({ subscriptionId, credentials })
  const { session: opened, leave } = await sessions.of(key, () => open(subscriptionId, credentials))
  const subscription = subscriptions.get(opened.scope) ?? new AzureSubscription()
  subscriptions.set(opened.scope, subscription)
  opened.session.share(subscription.gate)
  return new AzureCloud({
    session: opened.session,
    subscription,
    scope: opened.scope,
    settings,
    installation: context.installation,
    seal: sealer(context.sealingKey),
    onClose: leave,
  })
}

async function open(subscriptionId: string, credentials: AzureCredentials | undefined): Promise<Opened> {
  const session = new AzureSession(subscriptionId, credentials)
  const principal = await session.prove({ signal: AbortSignal.timeout(connectMs) })
  return { session, scope: scope(`azure/${subscriptionId}/${principal}`) }
}
