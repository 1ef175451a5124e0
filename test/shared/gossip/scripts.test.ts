// The stories in scripts/*.txt: what they say happens is what happens. UPDATE_SCRIPTS=1 rewrites the traces; commit
// them only if every changed line can be explained.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { tell } from "./story.ts";

const folder = join(import.meta.dirname, "scripts");

describe("the story of", () => {
  for (const file of readdirSync(folder).sort()) {
    it(file.replace(".txt", ""), () => {
      const text = readFileSync(join(folder, file), "utf8");
      const told = tell(text);
      if (process.env.UPDATE_SCRIPTS === "1") writeFileSync(join(folder, file), told);
      else expect(told).toBe(text);
    });
  }
});
