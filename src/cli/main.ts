#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { runPlugin } from './program.ts'

/** What shells have for a program that wrote to a pipe which nobody reads any more. */
const brokenPipe = 141

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(brokenPipe)
  throw error
})

const { version }: { readonly version: string } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
)
const { env, stdout: results, stderr: notes } = process
process.exitCode = await runPlugin(process.argv.slice(2), { env, results, notes, version })
