import { homedir } from 'node:os'
import { join } from 'node:path'

import { defineCloud } from '../contract.ts'
import { LocalCloud } from './provider.ts'
import { type LocalSettings, offeringOf, parseSettings } from './settings.ts'

/** The computer that the operator runs on, for trying things out and for tests. Nothing of it needs root. */
export const local = defineCloud<LocalSettings>({
  name: 'local',
  parse: parseSettings,
  offerings: settings => [offeringOf(settings)],
  intent: ({ python }) => ({ python }),
  connection: () => ({}),
  ambient: () => [{ python: undefined }],
  isTrial: true,
  ignoresNetwork: true,
  async connect(_settings, _credentials, { installation, stateDirectory, localPython, cacheDirectory }) {
    return new LocalCloud({
      installation,
      stateDirectory,
      cacheDirectory: cacheDirectory ?? defaultCacheDirectory(process.env),
      // By this name install.sh looks for itself, and also finds interpreters of other versions.
      python: localPython === 'python3' ? undefined : localPython,
    })
  },
})

function defaultCacheDirectory(env: Readonly<Record<string, string | undefined>>): string {
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'dask-cloud-operator')
}
