// `npm start`: keeps what Node makes of the sources, then runs runtime/local-datacenter.ts.

import { enableCompileCache } from "node:module";
import { join } from "node:path";

// In our own directory, as agent/main.ts has it; where it cannot be written Node goes on without.
enableCompileCache(join(import.meta.dirname, "../../node_modules/.cache/legate"));
const { runLocalDatacenter } = await import("./local-datacenter.ts");
process.exitCode = await runLocalDatacenter(process.argv.slice(2));
process.exit();
