import { serviceSecrets } from "../lib/env.ts";
import { runProcess } from "../lib/lifetime.ts";
import { parseConfig } from "./config.ts";
import { run } from "./run.ts";

await runProcess("storage", process.env, {
  secrets: [...serviceSecrets, "url_signing_key"],
  parseConfig,
  run,
});
