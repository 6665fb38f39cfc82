import { type Panel, rows } from './panels.ts'

const source = { type: 'prometheus', uid: '${datasource}' }
/** Of Grafana's 24 columns. */
const width = 8
const height = 8

/** `deploy/chart/dashboards/dask-cloud-operator.json`: three panels beside each other, under a heading for each row. */
export function dashboard(): string {
  const placed: unknown[] = []
  let y = 0
  for (const { title, panels } of rows) {
    placed.push({
      id: placed.length + 1,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: 24, h: 1 },
      panels: [],
    })
    y += 1
    for (const [at, panel] of panels.entries()) {
      const place = { x: (at % 3) * width, y: y + Math.floor(at / 3) * height, w: width, h: height }
      placed.push(panelOf(panel, placed.length + 1, place))
    }
    y += Math.ceil(panels.length / 3) * height
  }
  return `${JSON.stringify(page(placed), undefined, 2)}\n`
}

function panelOf({ title, description, unit, queries, isStacked }: Panel, id: number, gridPos: unknown) {
  const custom = {
    fillOpacity: isStacked === true ? 30 : 5,
    showPoints: 'never',
    stacking: { mode: isStacked === true ? 'normal' : 'none', group: 'A' },
  }
  return {
    id,
    type: 'timeseries',
    title,
    description,
    datasource: source,
    gridPos,
    fieldConfig: { defaults: { unit, min: 0, custom }, overrides: [] },
    options: {
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
    targets: queries.map(({ expr, legend }, at) => ({
      refId: String.fromCodePoint(65 + at),
      datasource: source,
      expr,
      legendFormat: legend,
      range: true,
    })),
  }
}

const variables = [
  { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus', hide: 0 },
  {
    name: 'job',
    label: 'Job',
    type: 'query',
    datasource: source,
    query: { query: 'label_values(dask_cloud_operator_loop_stall_ms, job)', refId: 'job' },
    refresh: 2,
    includeAll: true,
    allValue: '.*',
    multi: true,
    current: { text: ['All'], value: ['$__all'] },
    hide: 0,
  },
]

const page = (panels: readonly unknown[]) => ({
  uid: 'dask-cloud-operator',
  title: 'Dask cloud operator',
  description: 'Clusters, their machines in the clouds, and the operator that looks after them.',
  tags: ['dask'],
  schemaVersion: 39,
  editable: true,
  graphTooltip: 1,
  refresh: '30s',
  time: { from: 'now-6h', to: 'now' },
  templating: { list: variables },
  annotations: { list: [] },
  panels,
})
