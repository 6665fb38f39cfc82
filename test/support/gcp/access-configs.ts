import { type Act, noOthers, textIn } from './asks.ts'
import { GceFailure, inUse, invalidField } from './failure.ts'
import { changeInstance } from './instances.ts'
import { usersOf } from './networks.ts'
import { pathOf } from './world.ts'

/** A machine has one address outside at most. */
export const addAccessConfig: Act = ask =>
  changeInstance(ask, 'addAccessConfig', instance => {
    const { project, body, world } = ask
    noOthers(body, 'resource', ['name', 'type', 'natIP', 'networkTier'])
    if (instance.nic.natIp !== undefined)
      throw new GceFailure(400, 'invalid', 'At most one access config currently supported.')
    const wished = textIn(body, 'natIP', 'resource')
    if (wished === undefined) {
      instance.nic = { ...instance.nic, natIp: world.publicIp(world.next()) }
      return
    }
    const address = project.addresses
      .values()
      .find(each => each.kind === 'EXTERNAL' && each.address === wished)
    if (address === undefined)
      throw invalidField('resource.natIP', wished, 'The specified external IP address was not found.')
    const [user] = usersOf(project, address)
    if (user !== undefined)
      throw inUse(`address '${pathOf(project, 'addresses', address)}'`, pathOf(project, 'instances', user))
    instance.nic = { ...instance.nic, natIp: wished }
  })

export const deleteAccessConfig: Act = ask =>
  changeInstance(ask, 'deleteAccessConfig', instance => {
    const name = ask.query.get('accessConfig')
    if (instance.nic.natIp === undefined || name !== 'External NAT')
      throw invalidField('accessConfig', name, 'Access config not found.')
    instance.nic = { ...instance.nic, natIp: undefined }
  })
