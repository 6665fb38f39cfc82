import type { Command } from './command.ts'
import { connect } from './connect.ts'
import { describe } from './describe.ts'
import { scale } from './scale.ts'

/** In the order in which they are shown. */
export const commands: readonly Command[] = [connect, describe, scale]
