/** A pattern of a class as a regular expression: `*` for anything but a slash, `**` for anything. */
export const readPattern = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern.replaceAll('.', '[.]').replaceAll('**', '<>').replaceAll('*', '[^/]*').replaceAll('<>', '.*')}$`,
  )

/** The same in CEL; `pattern` is the name of a variable. */
export const celPattern = (pattern: string): string =>
  `'^' + ${pattern}.replace('.', '[.]').replace('**', '<>').replace('*', '[^/]*').replace('<>', '.*') + '$'`
