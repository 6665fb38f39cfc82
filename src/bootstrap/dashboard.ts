import { dashboardPort } from '../model/ports.ts'
import type { Boot } from './boot.ts'

/** Whether the machine serves Dask's pages to others: by mutual TLS alone (`machine/dask_dashboard.py`). */
export const showsDashboard = ({ role, exposesDashboard }: Boot): boolean =>
  role === 'scheduler' && exposesDashboard === true

/** Dask's HTTP server cannot be left out and asks nobody who they are: it is the machine's own unless it is guarded. */
export const dashboardAddress = (boot: Boot): string =>
  `${showsDashboard(boot) ? '0.0.0.0' : '127.0.0.1'}:${dashboardPort}`

/** Draws the pages, in a version that fits the version of Dask beside it. */
const pages = 'dask[diagnostics]'

/**
 * What the user wants installed, with what draws the pages. Where nothing is to be installed the machine's own Python is
 * used as it is, and a version of bokeh that the user names is not second-guessed.
 */
export function withPages(packages: readonly string[]): readonly string[] {
  const isThere = packages.some(each => each === pages || /^bokeh(?![\w.-])/i.test(each))
  return packages.length === 0 || isThere ? packages : [...packages, pages]
}
