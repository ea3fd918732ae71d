import { runProcess } from "../lib/process/lifetime.ts";
import { compatSecrets, parseConfig } from "./config.ts";
import { run } from "./run.ts";

await runProcess("compat", process.env, { secrets: compatSecrets, parseConfig, run });
