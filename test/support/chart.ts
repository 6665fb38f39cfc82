import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { type ChartTools, findChartTools, NoChartTools, runTool } from '../../scripts/chart-tools/index.ts'
import { type ControlPlane, startControlPlane } from '../../scripts/controlplane/index.ts'
import { operatorDirectory } from './operator.ts'

export const chart = 'deploy/chart'
/** Files of values, as chart-testing looks for them: each a way to install the chart. */
export const scenarios = ['default', 'minimal', 'namespaced', 'clouds', 'everything'] as const
export const valuesOf = (scenario: string): string => join(chart, 'ci', `${scenario}-values.yaml`)

/** Kinds whose definitions no API server here has. */
export const foreignKinds = ['ServiceMonitor', 'PrometheusRule'] as const

const progress = (line: string): void => console.error(line)

/** To be called once at the top of a test file: where they cannot be had, every test of the file is skipped with the reason. */
export async function chartTools(): Promise<ChartTools> {
  try {
    return await findChartTools({ signal: AbortSignal.timeout(900_000), progress })
  } catch (error) {
    if (!(error instanceof NoChartTools)) throw error
    beforeEach(({ skip }) => skip(error.message))
    return { helm: '', helm3: '', kubeconform: '', monitoring: '' }
  }
}

/** A control plane for this file alone, and a folder; both are gone with it. */
export function chartRoom(): () => Room {
  const all = new AsyncDisposableStack()
  let room: Room | undefined
  beforeAll(async () => {
    const { path: directory } = all.use(await operatorDirectory())
    const signal = AbortSignal.timeout(900_000)
    const plane = all.use(await startControlPlane({ signal, progress: () => undefined, controllers: false }))
    room = { directory, plane }
  })
  afterAll(() => all.disposeAsync())
  return () => {
    if (room === undefined) throw new Error('the room is open in tests alone')
    return room
  }
}

interface Room {
  readonly directory: string
  readonly plane: ControlPlane
}

interface Rendering {
  readonly program: string
  readonly scenario: (typeof scenarios)[number]
}

/** The objects of a scenario without the CRDs, as text. A Helm 3 that its makefile did not build takes Kubernetes for 1.20. */
export async function rendered({ program, scenario }: Rendering): Promise<string> {
  const where = ['--namespace', 'dask-system', '--values', valuesOf(scenario), '--kube-version', '1.37.0']
  const text = await runTool(program, ['template', 'dask', chart, ...where, '--set', 'crds.enabled=false'])
  // The two Helms do not agree about empty lines between objects.
  return text.replaceAll(/\n+---/g, '\n---').replace(/\n*$/, '\n')
}

/** Without the text of the dashboard, which has its own file. */
export const withoutDashboard = (text: string): string =>
  text.replaceAll(/(\n {2}\S+\.json: \|\n)(?: {4}.*\n)+/g, '$1    {}\n')

export interface Rendered {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

export interface Container {
  readonly args: readonly string[]
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
}

export interface RenderedDeployment extends Rendered {
  readonly spec: {
    readonly template: {
      readonly metadata: unknown
      readonly spec: { readonly serviceAccountName: string; readonly containers: readonly [Container] }
    }
  }
}

export const objectsIn = (text: string): readonly Rendered[] =>
  parseAllDocuments(text).flatMap((each): readonly Rendered[] => {
    const object = each.toJSON() as Rendered | null
    return object === null ? [] : [object]
  })

export const isDeployment = (object: Rendered): object is RenderedDeployment => object.kind === 'Deployment'
