// A process that is nothing but runAgent: its configuration is the JSON in argv[2]; SIGHUP reloads the same, with
// node meta {"reloaded": "yes"}.

import type { RuntimeConfig } from "../../agent/config/runtime-config.ts";
import { runAgent } from "../../agent/runtime/run-agent.ts";
import { ok } from "../../shared/base/result.ts";

const config = JSON.parse(process.argv[2] ?? "{}") as RuntimeConfig;
process.exit(await runAgent(config, () => ok({ ...config, nodeMeta: { reloaded: "yes" } })));
