import { poll } from '../../src/lib/wait.ts'

const limitMs = 60_000

interface Asked {
  kubectl(args: readonly string[]): Promise<string>
}

/**
 * Resolves when the custom resource definitions in these files or folders are served. `kubectl wait` fails at once where one of them
 * has no status yet, so it is asked again. Throws what kubectl says after a minute.
 */
export async function established(plane: Asked, ...paths: readonly string[]): Promise<void> {
  const deadline = { signal: AbortSignal.timeout(limitMs) }
  const files = paths.flatMap(path => ['-f', path])
  const look = async (): Promise<true | undefined> => {
    try {
      await plane.kubectl(['wait', '--for=condition=Established', '--timeout=60s', ...files])
      return true
    } catch (error) {
      if (error instanceof Error && error.message.includes('accessor error')) return undefined
      throw error
    }
  }
  await poll(look, 100, deadline)
}
