import type { Command } from './command.ts'
import { connect } from './connect.ts'
import { describe } from './describe.ts'
import { logs } from './logs.ts'
import { orphans } from './orphans.ts'
import { scale } from './scale.ts'
import { top } from './top.ts'

/** In the order in which they are shown. */
export const commands: readonly Command[] = [connect, describe, logs, scale, top, orphans]
