import { runProcess } from "../lib/process/lifetime.ts";
import { serviceSecrets } from "../lib/settings/env.ts";
import { parseConfig } from "./config.ts";
import { run } from "./run.ts";

await runProcess("identity", process.env, {
  secrets: [...serviceSecrets, "secret_encryption_key", "secret_decryption_key"],
  parseConfig,
  run,
});
