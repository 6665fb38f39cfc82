/** A column of `kubectl get`. */
export function column(name: string, jsonPath: string, what: string) {
  return { name, type: 'string', jsonPath, description: what }
}

/** Shown by `kubectl get -o wide` only. */
export function wide<T extends object>(of: T): T & { readonly priority: 1 } {
  return { ...of, priority: 1 }
}
