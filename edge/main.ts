import { runProcess } from "../services/lib/lifetime.ts";
import { edgeSecrets, parseConfig } from "./config.ts";
import { run } from "./run.ts";

await runProcess("edge", process.env, { secrets: edgeSecrets, parseConfig, run });
