import { runProcess } from "../../lib/process/lifetime.ts";
import { serviceSecrets } from "../../lib/settings/env.ts";
import { parseWorkerConfig } from "../config.ts";
import { run } from "./run.ts";

await runProcess("staging worker", process.env, {
  secrets: serviceSecrets,
  parseConfig: parseWorkerConfig,
  run,
});
