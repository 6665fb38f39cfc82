import { fileURLToPath } from 'node:url'

/** A file of the chart. */
export const chartPath = (file: string): string =>
  fileURLToPath(new URL(`../../deploy/chart/${file}`, import.meta.url))

/** A file of the repository. */
export const rootPath = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url))
