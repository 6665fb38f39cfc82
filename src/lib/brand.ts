declare const brand: unique symbol

/** A string that was checked once, at the door, and cannot be mixed up with another kind of string since. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }
