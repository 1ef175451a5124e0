// How the CLI lays out text: tables with columns two spaces apart, wrapped option lists, sorted pairs.

/** Columns aligned on the left, two spaces apart, no spaces at the end of a line; "" for no rows. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, width(cell));
    });
  }
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - width(cell)))
      .join("  ")
      .trimEnd(),
  );
  return lines.map((line) => `${line}\n`).join("");
}

/** "a=1, b=2", by key. */
export function sortedPairs(pairs: Readonly<Record<string, string>> | null, separator: string): string {
  return Object.entries(pairs ?? {})
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, value]) => `${key}=${value}`)
    .join(separator);
}

/** Words in lines of at most `widthMax` characters, each begun with `indent`. */
export function wrap(text: string, indent: string, widthMax: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    if (line !== "" && indent.length + line.length + 1 + word.length > widthMax) {
      lines.push(indent + line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  if (line !== "") lines.push(indent + line);
  return lines.map((each) => `${each}\n`).join("");
}

/** Characters, not UTF-16 units: names may hold anything. */
function width(text: string): number {
  return [...text].length;
}
