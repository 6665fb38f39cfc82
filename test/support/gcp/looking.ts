import type { Act } from './asks.ts'
import { newestOf } from './catalog.ts'
import { notFound } from './failure.ts'
import { filterOf } from './filters.ts'
import { pageOf } from './pages.ts'
import { resources, type Shown } from './resources.ts'
import { idOf, type Json, linkTo, type Project, type Scope } from './world.ts'

/** The kind of one of a collection, as `kind` has it. */
const kindOf = (collection: string): string =>
  collection === 'addresses' ? 'address' : collection.slice(0, -1)

const all = (project: Project, collection: string): readonly Shown[] => resources[collection]?.(project) ?? []

export function find(project: Project, collection: string, scope: Scope, name: string): Shown {
  const found = all(project, collection).find(each => each.scope === scope && each.name === name)
  const isPlace = collection === 'zones' || collection === 'regions'
  if (found === undefined)
    throw notFound(`projects/${project.name}/${isPlace ? '' : `${scope}/`}${collection}/${name}`)
  return found
}

export const getOf =
  (collection: string): Act =>
  ({ project, scope, name }) =>
    find(project, collection, scope, name).json()

/** Those that a filter lets through, under keys that tell their order. */
function chosen(project: Project, collection: string, query: URLSearchParams) {
  const fits = filterOf(query.get('filter'))
  return all(project, collection)
    .filter(({ isListed }) => isListed)
    .map(each => ({ key: `${each.scope}/${each.name}`, scope: each.scope, json: each.json() }))
    .filter(({ json }) => fits(json))
}

export const listOf =
  (collection: string): Act =>
  ({ project, scope, query }) => {
    const { items, next } = pageOf(
      chosen(project, collection, query).filter(each => each.scope === scope),
      query,
    )
    return {
      kind: `compute#${kindOf(collection)}List`,
      id: `projects/${project.name}/${scope}/${collection}`,
      ...(items.length > 0 ? { items: items.map(({ json }) => json) } : {}),
      ...(next === undefined ? {} : { nextPageToken: next }),
      selfLink: linkTo(`projects/${project.name}/${scope}/${collection}`),
    }
  }

/** Pages count resources, so that a scope may be cut in two; a scope that has none on a page says so. */
export const aggregatedOf =
  (collection: string): Act =>
  ({ project, query }) => {
    const isReached = ({ scope }: { readonly scope: Scope }): boolean => !project.unreachable.has(scope)
    const { items, next } = pageOf(chosen(project, collection, query).filter(isReached), query)
    const scoped = scopesOf(project, collection).map(scope => [
      scope,
      scopeOf(
        project,
        collection,
        scope,
        items.filter(each => each.scope === scope).map(({ json }) => json),
      ),
    ])
    const lost = scopesOf(project, collection).filter(scope => project.unreachable.has(scope))
    return {
      kind: `compute#${kindOf(collection)}AggregatedList`,
      id: `projects/${project.name}/aggregated/${collection}`,
      items: Object.fromEntries(scoped),
      ...(next === undefined ? {} : { nextPageToken: next }),
      ...(lost.length === 0
        ? {}
        : { unreachables: lost.map(scope => linkTo(`projects/${project.name}/${scope}`)) }),
      selfLink: linkTo(`projects/${project.name}/aggregated/${collection}`),
    }
  }

function scopeOf(project: Project, collection: string, scope: Scope, items: readonly Json[]): Json {
  if (items.length > 0) return { [collection]: items }
  const [code, message] = project.unreachable.has(scope)
    ? ['UNREACHABLE', `The scope '${scope}' is unreachable.`]
    : ['NO_RESULTS_ON_PAGE', `There are no results for scope '${scope}' on this page.`]
  return { warning: { code, message, data: [{ key: 'scope', value: scope }] } }
}

function scopesOf({ catalog: { regions } }: Project, collection: string): readonly Scope[] {
  const ofRegions = [...regions.keys()].map(each => `regions/${each}`)
  if (collection === 'addresses') return ['global', ...ofRegions]
  return collection === 'subnetworks' ? ofRegions : [...regions.values()].flat().map(each => `zones/${each}`)
}

export const imageOfFamily: Act = ({ project, params }) => {
  const family = params.get('family') ?? ''
  const image = newestOf(project.catalog, project.name, family)
  if (image === undefined) throw notFound(`projects/${project.name}/global/images/family/${family}`)
  return find(project, 'images', 'global', image.name).json()
}

export const projectItself: Act = ({ project }) => ({
  kind: 'compute#project',
  id: idOf({ seq: Number(project.number) }),
  name: project.name,
  defaultServiceAccount: `${project.number}-compute@developer.gserviceaccount.com`,
  xpnProjectStatus: 'UNSPECIFIED_XPN_PROJECT_STATUS',
  selfLink: linkTo(`projects/${project.name}`),
})
