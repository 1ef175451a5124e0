// The letters behind a backslash in Go's texts (and in HCL 1, which took them over).

/** What each letter stands for. */
export const goEscapes: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
};
