import { digest } from '../../lib/fingerprint.ts'
import { type Scope, scope } from '../../model/names.ts'
import type { CloudContext } from '../contract.ts'
import { sealer } from '../marks.ts'
import { Sessions, sharedBy } from '../sessions.ts'
import type { DigitalOceanCredentials } from './credentials.ts'
import { DigitalOceanCloud } from './provider.ts'
import { DigitalOceanSession } from './session.ts'
import type { DigitalOceanSettings } from './settings.ts'
import { DigitalOceanTeam } from './team.ts'

const connectMs = 15_000

interface Opened {
  readonly session: DigitalOceanSession
  readonly scope: Scope
}

const shared = sharedBy(() => ({
  teams: new Map<Scope, DigitalOceanTeam>(),
  sessions: new Sessions<Opened>(() => undefined),
}))

/** Throws a CloudError where DigitalOcean does not know the token. */
export async function connectDigitalOcean(
  settings: DigitalOceanSettings,
  credentials: DigitalOceanCredentials | undefined,
  context: CloudContext,
): Promise<DigitalOceanCloud> {
  const { sessions, teams } = shared(context)
  const { session: opened, leave } = await sessions.of(digest({ credentials }), () => open(credentials))
  const team = teams.get(opened.scope) ?? new DigitalOceanTeam()
  teams.set(opened.scope, team)
  return new DigitalOceanCloud({
    session: opened.session,
    team,
    scope: opened.scope,
    settings,
    installation: context.installation,
    seal: sealer(context.sealingKey),
    onClose: leave,
  })
}

async function open(credentials: DigitalOceanCredentials | undefined): Promise<Opened> {
  const session = new DigitalOceanSession(credentials)
  const team = await session.team({ signal: AbortSignal.timeout(connectMs) })
  return { session, scope: scope(`digitalocean/${team}`) }
}
