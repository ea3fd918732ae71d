import { runProcess } from "../lib/process/lifetime.ts";
import { serviceSecrets } from "../lib/settings/env.ts";
import { parseConfig } from "./config.ts";
import { run } from "./run.ts";

await runProcess("orchestration", process.env, {
  secrets: [...serviceSecrets, "openlineage_receivers"],
  parseConfig,
  run,
});
