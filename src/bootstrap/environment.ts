/**
 * Names that decide whether a machine boots and whether Dask speaks TLS at all; Dask reads its own without regard to
 * case. A custom resource that sets one is refused before; here they are left out, whoever asks.
 */
const ours = new RegExp(
  `^(${[
    'PATH',
    'HOME',
    'LD_.*',
    'PYTHON(PATH|HOME|STARTUP|USERBASE|PLATLIBDIR|EXECUTABLE|INSPECT|WARNINGS|BREAKPOINT|SAFEPATH|NOUSERSITE)',
    '(CREDENTIALS|STATE)_DIRECTORY',
    'DASK_(ROOT_)?CONFIG',
    'DASK_(INTERNAL|MACHINE)_.*',
    'DASK_DISTRIBUTED(__COMM(__TLS.*|__REQUIRE_ENCRYPTION|__DEFAULT_SCHEME)?)?',
  ].join('|')})$`,
  'i',
)

/** A file for systemd's `EnvironmentFile=`, sorted, in which every value means itself. Throws a TypeError on a name or value that no environment can hold. */
export function renderEnvironment(env: Readonly<Record<string, string>>): string {
  return Object.keys(env)
    .toSorted()
    .filter(name => !ours.test(name))
    .map(name => `${checkedName(name)}=${quoted(env[name] ?? '', name)}\n`)
    .join('')
}

function checkedName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name
  throw new TypeError(`not the name of an environment variable: ${JSON.stringify(name.slice(0, 80))}`)
}

/** In double quotes a value may span lines, and a backslash keeps what a shell would read otherwise (systemd.exec(5)). */
function quoted(value: string, name: string): string {
  if (value.includes('\0')) throw new TypeError(`the value of ${name} has a NUL character`)
  return `"${value.replaceAll(/[\\"`$]/g, String.raw`\$&`)}"`
}
