import { runProgram } from '../../src/app/program.ts'
import { seamless } from '../../src/app/seams.ts'
import { wrapped } from '../../src/app/wrapped.ts'
import type { Cloud } from '../../src/clouds/contract.ts'
import { keptHost, simulatedAddresses } from '../../src/clouds/simulated/endpoints.ts'
import type { Machine } from '../../src/model/machine.ts'
import { hostOf } from './routed-hosts.ts'

// The operator itself, whose simulated machines have addresses that an EndpointSlice may hold: of a range that is reserved for
// documentation, where nobody is. Nobody dials them, since the simulated cloud plays its schedulers.
process.exit(await runProgram(process.argv.slice(2), process.env, { ...seamless, cloud: routed }))

function routed(cloud: Cloud): Cloud {
  const same = wrapped(cloud, (_name, call, work) => work(call))
  return {
    ...same,
    async list(call) {
      const { machines, addresses, ...rest } = await cloud.list(call)
      const shown = addresses.map(each => ({ ...each, ...simulatedAddresses(hostOf(undefined)) }))
      return { ...rest, machines: machines.map(moved), addresses: shown }
    },
    async reserveAddress(wish, call) {
      const made = await cloud.reserveAddress(wish, call)
      return { ...made, ...simulatedAddresses(hostOf(undefined)) }
    },
    // Its workers dial the host that they know their schedulers by.
    launch: ({ address, ...request }, call) =>
      cloud.launch({ ...request, address: address && { ...address, ...simulatedAddresses(keptHost) } }, call),
  }
}

function moved(machine: Machine): Machine {
  if (machine.state.kind !== 'running') return machine
  return { ...machine, state: { kind: 'running', addresses: simulatedAddresses(hostOf(machine.id)) } }
}
