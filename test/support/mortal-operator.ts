import { flushCompileCache } from 'node:module'
import { runProgram } from '../../src/app/program.ts'
import { type Fate, fateful, fateVariable } from './fate.ts'
import { namedPoints } from './named-points.ts'

// The operator itself, with a fate that meets it at the points it passes; `OperatorProcess` starts it as a program.
// A process that is killed leaves no compiled code behind for the next one unless it does so now.
flushCompileCache()
const fate: Fate = JSON.parse(process.env[fateVariable] ?? '{}')
process.exit(await runProgram(process.argv.slice(2), process.env, namedPoints(fateful(fate))))
