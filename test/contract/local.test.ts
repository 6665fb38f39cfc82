import { LocalGround, programUserData } from '../support/local-ground.ts'
import { holdsTheContract, type Subject } from './suite.ts'

holdsTheContract('the local cloud', async (): Promise<Subject> => {
  const ground = await LocalGround.create()
  return {
    cloud: ground.open(),
    restarted: async () => ground.open(),
    stranger: async () => ground.open('theirs'),
    userData: () => programUserData('exec sleep 3600'),
    offering: 'local',
    [Symbol.asyncDispose]: () => ground[Symbol.asyncDispose](),
  }
})
