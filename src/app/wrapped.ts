import type { Cloud } from '../clouds/contract.ts'
import type { Call } from '../lib/call.ts'

export type CloudCall =
  | 'list'
  | 'launch'
  | 'terminate'
  | 'offerings'
  | 'reserve-address'
  | 'release-address'
  | 'console'
  | 'prove'
  | 'rehearse'

export type Around = <T>(name: CloudCall, call: Call, work: (call: Call) => Promise<T>) => Promise<T>

/** The same cloud with something around each of its calls. A call that clouds learn is named here, for all who wrap them. */
export function wrapped(cloud: Cloud, around: Around): Cloud {
  const { name, scope, promises, schedulers } = cloud
  const offerings = cloud.offerings?.bind(cloud)
  const console = cloud.console?.bind(cloud)
  const prove = cloud.prove?.bind(cloud)
  const rehearsals = cloud.rehearsals?.bind(cloud)
  const networkFor = cloud.networkFor?.bind(cloud)
  return {
    name,
    scope,
    promises,
    ...(schedulers && { schedulers }),
    ...(networkFor && { networkFor }),
    list: call => around('list', call, inner => cloud.list(inner)),
    launch: (request, call) => around('launch', call, inner => cloud.launch(request, inner)),
    terminate: (machines, call) => around('terminate', call, inner => cloud.terminate(machines, inner)),
    reserveAddress: (wish, call) =>
      around('reserve-address', call, inner => cloud.reserveAddress(wish, inner)),
    releaseAddress: (owner, call) =>
      around('release-address', call, inner => cloud.releaseAddress(owner, inner)),
    ...(offerings && {
      offerings: (wish, call) => around('offerings', call, inner => offerings(wish, inner)),
    }),
    ...(console && {
      console: (machine, call) => around('console', call, inner => console(machine, inner)),
    }),
    ...(prove && { prove: call => around('prove', call, inner => prove(inner)) }),
    ...(rehearsals && {
      rehearsals: wish =>
        Object.fromEntries(
          Object.entries(rehearsals(wish)).map(([part, look]) => [
            part,
            (call: Call) => around('rehearse', call, look),
          ]),
        ),
    }),
    close: () => cloud.close(),
  }
}
