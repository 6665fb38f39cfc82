import { memoryJournal } from '../../src/clouds/simulated/journal.ts'
import { type Script, SimulatedCloud } from '../../src/clouds/simulated/provider.ts'
import { SimulatedWorld } from '../../src/clouds/simulated/world.ts'
import { wait } from '../../src/lib/wait.ts'
import { installationId } from '../../src/model/names.ts'
import { holdsTheContract, type Subject } from './suite.ts'

const calm: Script = () => ({})

function aWorld(lagMs: number, stableAddress = true): () => Promise<Subject> {
  return async () => {
    const tempo = { lagMs, startMs: 100, joinMs: 100, endMs: 100 }
    const world = new SimulatedWorld({ now: Date.now, tempo, journal: memoryJournal() })
    const open = (installation: string): SimulatedCloud =>
      new SimulatedCloud({
        world,
        installation: installationId(installation),
        now: Date.now,
        wait,
        script: calm,
        horizonMs: 10_000,
        stableAddress,
      })
    return {
      cloud: open('ours'),
      restarted: async () => open('ours'),
      stranger: async () => open('theirs'),
      userData: () => '#cloud-config\n{}\n',
      offering: '',
      [Symbol.asyncDispose]: async () => undefined,
    }
  }
}

holdsTheContract('the simulated cloud', aWorld(0))
holdsTheContract('the simulated cloud with lists that lag', aWorld(500))
holdsTheContract('a simulated cloud that keeps no address', aWorld(500, false))
