import { digest } from '../../lib/fingerprint.ts'
import { type Scope, scope } from '../../model/names.ts'
import type { CloudContext } from '../contract.ts'
import { sealer } from '../marks.ts'
import type { GcpCredentials } from './credentials.ts'
import { GcpProject } from './project.ts'
import { GcpCloud } from './provider.ts'
import { GcpSession } from './session.ts'
import type { GcpSettings } from './settings.ts'

const connectMs = 15_000

/** What the clusters of one operator share, as long as it lives. */
interface Shared {
  readonly projects: Map<Scope, GcpProject>
  readonly sessions: Map<string, Kept>
}

interface Kept {
  readonly opened: Promise<GcpSession>
  users: number
}

const shared = new WeakMap<CloudContext, Shared>()

/** Throws a CloudError where Google does not know the credentials. */
export async function connectGcp(
  settings: GcpSettings,
  credentials: GcpCredentials | undefined,
  context: CloudContext,
): Promise<GcpCloud> {
  const { sessions, projects } = sharedBy(context)
  const where = scope(`gcp/${settings.project}`)
  const project = projects.get(where) ?? new GcpProject()
  projects.set(where, project)
  const key = digest({ project: settings.project, credentials })
  const kept = sessions.get(key) ?? { opened: open(settings.project, credentials, project), users: 0 }
  sessions.set(key, kept)
  kept.opened.catch(() => sessions.delete(key))
  kept.users += 1
  const session = await kept.opened
  return new GcpCloud({
    session,
    project,
    scope: where,
    settings,
    installation: context.installation,
    seal: sealer(context.sealingKey),
    onClose() {
      kept.users -= 1
      if (kept.users > 0) return
      sessions.delete(key)
      session.close()
    },
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

function sharedBy(context: CloudContext): Shared {
  const known = shared.get(context) ?? { projects: new Map(), sessions: new Map() }
  shared.set(context, known)
  return known
}
