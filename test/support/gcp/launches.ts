import { type Act, type Ask, aName, nameIn, numberIn, recordIn, textIn } from './asks.ts'
import { isIn, regionOf } from './catalog.ts'
import { alreadyExists, GceFailure, invalidField } from './failure.ts'
import { create, refuseTaken } from './instances.ts'
import { isDone, type Operation, once, operationJson, type Placed, start } from './operations.ts'
import { exhausted, overQuota, refuseAtOnce, sharesOf, take } from './placements.ts'
import { type Wish, wishFrom } from './wishes.ts'
import { lastOf, type Project, pathOf } from './world.ts'

export const insertInstance: Act = ask => {
  const { project, scope, query, body, by } = ask
  const operation = once(project, { id: query.get('requestId'), asked: [ask.method, scope, body] }, () => {
    const zone = lastOf(scope)
    const name = nameIn(body, 'resource')
    refuseKnown(project, zone, [name])
    const wish = wishFrom(ask, body, { region: regionOf(zone), zone, path: 'resource', isBulk: false })
    if (!isIn(wish.type, zone)) throw noSuchType(wish, zone)
    refuseTaken(project, wish)
    const errors = [overQuota(project, wish, regionOf(zone), 1), exhausted(project, wish, zone, 1)].filter(
      each => each !== undefined,
    )
    const common = { scope, type: 'insert', user: by.email }
    if (errors.length > 0 || project.forgets)
      return start(project, { ...common, target: ['instances', { scope, name }], errors: errors.slice(0, 1) })
    take(project, wish, zone, 1)
    return start(project, { ...common, target: ['instances', create(project, wish, zone, name)] })
  })
  return operationJson(project, operation)
}

/** In one zone, or in whichever of a region's Google chooses. */
export const bulkInsert: Act = ask => {
  const { project, scope, query, body } = ask
  const operation = once(project, { id: query.get('requestId'), asked: [ask.method, scope, body] }, () =>
    carryOut(ask),
  )
  return operationJson(project, operation)
}

function carryOut(ask: Ask): Operation {
  const { project, scope, body, by } = ask
  const isRegional = scope.startsWith('regions/')
  const region = isRegional ? lastOf(scope) : regionOf(lastOf(scope))
  const wish = wishFrom(ask, recordIn(body, 'instanceProperties', 'resource'), {
    region,
    zone: isRegional ? undefined : lastOf(scope),
    path: 'resource.instanceProperties',
    isBulk: true,
  })
  const { count, least, names } = namesFrom(project, ask)
  if (count !== 1 && (wish.ip !== undefined || (wish.natIp ?? '') !== ''))
    throw invalidField(
      'resource.instanceProperties.networkInterfaces',
      '',
      'Several machines cannot have one address.',
    )
  refuseTaken(project, wish)
  refuseTooMany(project)
  const over = overQuota(project, wish, region, count)
  if (over !== undefined) throw new GceFailure(403, 'quotaExceeded', over.message)
  const zones = (isRegional ? zonesFrom(ask, region) : [lastOf(scope)]).filter(zone => isIn(wish.type, zone))
  if (zones.length === 0) throw noSuchType(wish, lastOf(scope))
  const shares = sharesOf(project, wish, { zones, count, shape: shapeOf(ask) })
  const given = [...shares.values()].reduce((sum, each) => sum + each, 0)
  const errors =
    given < count
      ? zones.map(zone => exhausted(project, wish, zone, count)).filter(each => each !== undefined)
      : []
  const isEnough = given >= least
  if (!isEnough) refuseAtOnce(project, wish, zones)
  const perLocation = new Map(
    zonesTold(shares, zones).map(zone => [zone, placed(shares.get(zone) ?? 0, { count, given, isEnough })]),
  )
  if (isEnough && !project.forgets) make(project, wish, shares, names)
  const told = isEnough && !project.tellsPartial ? [] : errors.slice(0, 1)
  return start(project, {
    scope,
    type: 'bulkInsert',
    user: by.email,
    target: ['instances', { scope, name: '' }],
    errors: told,
    perLocation,
  })
}

const zonesTold = (shares: ReadonlyMap<string, number>, zones: readonly string[]): readonly string[] => {
  const used = [...shares].filter(([, share]) => share > 0).map(([zone]) => zone)
  return used.length > 0 ? used : zones.slice(0, 1)
}

/** What is missing is told of wherever something was made. */
function placed(
  share: number,
  { count, given, isEnough }: { count: number; given: number; isEnough: boolean },
): Placed {
  return { target: share + (count - given), created: share, deleted: isEnough ? 0 : share }
}

function make(
  project: Project,
  wish: Wish,
  shares: ReadonlyMap<string, number>,
  names: readonly string[],
): void {
  const left = [...names]
  const batches = [...shares].map(([zone, share]) => ({ zone, own: left.splice(0, share) }))
  for (const { zone, own } of batches) refuseKnown(project, zone, own)
  for (const { zone, own } of batches) {
    take(project, wish, zone, own.length)
    for (const name of own) create(project, wish, zone, name)
  }
}

function namesFrom(project: Project, { body, scope }: Ask) {
  const path = 'resource'
  const own = Object.keys(recordIn(body, 'perInstanceProperties', path))
  const pattern = textIn(body, 'namePattern', path)
  const count = numberIn(body, 'count', path) ?? own.length
  const least = numberIn(body, 'minCount', path) ?? count
  if (count < 1 || count > 1_000) throw invalidField(`${path}.count`, count, 'It must be from 1 to 1000.')
  if (least < 1 || least > count)
    throw invalidField(`${path}.minCount`, least, 'It must be from 1 to the count.')
  if (own.length > 0 && own.length !== count)
    throw invalidField(`${path}.count`, count, 'It must be the number of perInstanceProperties.')
  if (own.length > 0)
    return { count, least, names: own.map(each => aName(each, `${path}.perInstanceProperties`)) }
  if (pattern === undefined || !/^[^#]+#+$/.test(pattern))
    throw invalidField(`${path}.namePattern`, pattern, 'Names or a pattern of them must be given.')
  const [stem = ''] = pattern.split('#')
  const names = Array.from(
    { length: count },
    (_, index) => stem + String(index + 1).padStart(pattern.length - stem.length, '0'),
  )
  if (!scope.startsWith('regions/')) refuseKnown(project, lastOf(scope), names)
  return { count, least, names }
}

/** Zones are allowed unless they are denied. */
function zonesFrom({ project, body }: Ask, region: string): readonly string[] {
  const path = 'resource.locationPolicy'
  const locations = recordIn(recordIn(body, 'locationPolicy', 'resource'), 'locations', path)
  const zones = project.catalog.regions.get(region) ?? []
  for (const location of Object.keys(locations))
    if (!zones.includes(location.replace(/^zones\//, '')) || !location.startsWith('zones/'))
      throw invalidField(`${path}.locations`, location, `It is no zone of ${region}.`)
  return zones.filter(zone => recordIn(locations, `zones/${zone}`, path)['preference'] !== 'DENY')
}

const shapeOf = ({ body }: Ask): string =>
  textIn(recordIn(body, 'locationPolicy', 'resource'), 'targetShape', 'resource.locationPolicy') ??
  'ANY_SINGLE_ZONE'

const mostBulks = 10

/** See "Troubleshooting bulk VM creation": ten at once are documented. */
function refuseTooMany(project: Project): void {
  if (project.world.rates === 'unlimited') return
  const running = [...project.operations.values()].filter(
    each => each.type === 'bulkInsert' && !isDone(project, each),
  )
  if (running.length >= mostBulks)
    throw new GceFailure(
      403,
      'rateLimitExceeded',
      'Rate Limit Exceeded: too many concurrent bulk insert operations.',
    )
}

const noSuchType = ({ machineType }: Wish, place: string): GceFailure =>
  invalidField(
    'resource.machineType',
    machineType,
    `Machine type with name '${machineType}' does not exist in '${place}'.`,
  )

function refuseKnown(project: Project, zone: string, names: readonly string[]): void {
  const scope = `zones/${zone}`
  const known = names.find(name => project.instances.has(`${scope}/${name}`))
  if (known !== undefined) throw alreadyExists(pathOf(project, 'instances', { scope, name: known }))
  const disk = names.find(name => project.disks.has(`${scope}/${name}`))
  if (disk !== undefined) throw alreadyExists(pathOf(project, 'disks', { scope, name: disk }))
}
