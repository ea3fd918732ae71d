import { serviceSecrets } from "../lib/env.ts";
import { runProcess } from "../lib/lifetime.ts";
import { parseConfig } from "./config.ts";
import { run } from "./run.ts";

await runProcess("staging", process.env, { secrets: serviceSecrets, parseConfig, run });
