import { digest } from '../../lib/fingerprint.ts'
import { type Scope, scope } from '../../model/names.ts'
import type { CloudContext } from '../contract.ts'
import { sealer } from '../marks.ts'
import { Sessions, sharedBy } from '../sessions.ts'
import type { GcpCredentials } from './credentials.ts'
import { GcpProject } from './project.ts'
import { GcpCloud } from './provider.ts'
import { GcpSession } from './session.ts'
import type { GcpSettings } from './settings.ts'

const connectMs = 15_000

const shared = sharedBy(() => ({
  projects: new Map<Scope, GcpProject>(),
  sessions: new Sessions<GcpSession>(session => session.close()),
}))

/** Throws a CloudError where Google does not know the credentials. */
export async function connectGcp(
  settings: GcpSettings,
  credentials: GcpCredentials | undefined,
  context: CloudContext,
): Promise<GcpCloud> {
  const { sessions, projects } = shared(context)
  const where = scope(`gcp/${settings.project}`)
  const project = projects.get(where) ?? new GcpProject()
  projects.set(where, project)
  const key = digest({ project: settings.project, credentials })
  const { session, leave } = await sessions.of(key, () => open(settings.project, credentials, project))
  return new GcpCloud({
    session,
    project,
    scope: where,
    settings,
    installation: context.installation,
    seal: sealer(context.sealingKey),
    onClose: leave,
  })
}

async function open(
  name: string,
  credentials: GcpCredentials | undefined,
  project: GcpProject,
): Promise<GcpSession> {
  const session = await GcpSession.open(name, credentials)
  session.share(project.gate)
  try {
    await session.prove({ signal: AbortSignal.timeout(connectMs) })
    return session
  } catch (error) {
    session.close()
    throw error
  }
}
