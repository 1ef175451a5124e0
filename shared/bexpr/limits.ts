// What a filter may cost. Consul has no such limits; a filter is evaluated for every row of an answer.

/** L: longer than any filter that fits a URL in practice. */
export const filterCharactersMax = 32_768;
/** L: nested parentheses and negations. */
export const filterDepthMax = 200;
