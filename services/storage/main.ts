import { runProcess } from "../lib/process/lifetime.ts";
import { serviceSecrets } from "../lib/settings/env.ts";
import { parseConfig } from "./config.ts";
import { run } from "./run.ts";

await runProcess("storage", process.env, {
  secrets: [
    ...serviceSecrets,
    "url_signing_key",
    "url_signing_key_previous",
    "storage_s3_credentials",
    "cache_url",
    "storage_master_key",
    "storage_master_key_previous",
  ],
  parseConfig,
  run,
});
