// The list of areas that are compared; one file each.

import type { Area } from "../steps.ts";
import { kv } from "./kv.ts";

export const areas: readonly Area[] = [kv];
