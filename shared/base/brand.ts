// Types that are strings or numbers at run time but must not be swapped for one another.

export type Brand<T, Name extends string> = T & { readonly __brand: Name };

/** A 64-bit unsigned integer as its decimal text: Consul's Flags do not fit a JavaScript number. */
export type U64 = Brand<string, "U64">;

/** Milliseconds: of a duration, or of a clock since its own epoch. */
export type Millis = number;
