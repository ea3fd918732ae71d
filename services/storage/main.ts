import { runProcess } from "../lib/process/lifetime.ts";
import { serviceSecrets } from "../lib/settings/env.ts";
import { parseConfig } from "./config.ts";
import { run } from "./run.ts";

await runProcess("storage", process.env, {
  secrets: [...serviceSecrets, "url_signing_key"],
  parseConfig,
  run,
});
