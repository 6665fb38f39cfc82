import type { CloudContext } from '../clouds/contract.ts'
import { writeClassStatus } from '../kube/classes.ts'
import type { KubeRequests } from '../kube/transport.ts'
import type { Call } from '../lib/call.ts'
import { steadyNow } from '../lib/steady.ts'
import { ClassKeeper } from './class-keeper.ts'
import { tried } from './class-trial.ts'
import type { Office } from './leader.ts'
import type { Led } from './led.ts'
import type { Watches } from './watches.ts'

interface Kept {
  readonly office: Pick<Office, 'config' | 'namespace' | 'log'>
  readonly watches: Pick<Watches, 'ofClasses'>
  readonly context: CloudContext
  /** As only a leader may change it. */
  readonly kube: KubeRequests
  readonly led: Led
}

/** Keeps the conditions of classes until the call is stopped, where classes are served. */
export async function keepClasses(kept: Kept, call: Call): Promise<void> {
  const { office, watches, context, kube, led } = kept
  if (watches.ofClasses === undefined) return
  const { classes, credentials } = watches.ofClasses
  const { config, namespace, log } = office
  const secretNamed = (name: string) => credentials.get(`${namespace}/${name}`)
  const trial = {
    context,
    allowed: config.allowClouds,
    identities: config.allowMachineIdentities,
    namespace,
    secretNamed,
    led,
  }
  const keeper = new ClassKeeper({
    classes: () =>
      classes
        .list()
        .filter(
          ({ isDeleting, operator }) =>
            !isDeleting && (operator ?? config.installation) === config.installation,
        ),
    basis({ read }) {
      const name = read?.credentialsSecretRef?.name
      return name === undefined ? '' : (secretNamed(name)?.metadata.resourceVersion ?? 'none')
    },
    tried: (one, limit) => tried(one, trial, limit),
    write: (one, status, limit) => writeClassStatus(kube, one, status, limit),
    onProblem: (error, { name }) => log.warn({ err: error, class: name }, 'a class could not be looked at'),
    now: steadyNow,
  })
  await keeper.run(call)
}
