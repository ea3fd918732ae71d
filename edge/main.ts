import cluster from "node:cluster";
import { runProcess } from "../services/lib/process/lifetime.ts";
import { edgeSecrets, parseConfig } from "./config.ts";
import { edgeCertificate } from "./listen/tls-settings.ts";
import { run } from "./run.ts";

await runProcess("edge", process.env, {
  secrets: edgeSecrets,
  certificates: [edgeCertificate],
  parseConfig,
  run,
});
// An open channel to the primary process keeps a worker alive.
cluster.worker?.disconnect();
