import { z } from "zod";
import { serviceSettings } from "../lib/process/service-settings.ts";
import { type Env, grpcAddress, serviceEnv } from "../lib/settings/env.ts";
import { parseMeshEnv } from "../lib/tls/tls-settings.ts";

export type StagingConfig = ReturnType<typeof parseConfig>;
export type WorkerConfig = Omit<StagingConfig, "grpcListen">;

/** Concurrent jobs of a process. Follow-up work of jobs runs there, too. */
const concurrency = (least: number, text: string) =>
  z
    .string()
    .regex(/^\d{1,2}$/, `must be a number from ${least} to 99`)
    .default(text)
    .transform(Number)
    .refine((jobs) => jobs >= least, `must be ${least} or more`);

const stagingEnv = serviceEnv.extend({
  IDENTITY_ADDRESS: grpcAddress,
  STORAGE_ADDRESS: grpcAddress,
  ORCHESTRATION_ADDRESS: grpcAddress,
  STAGING_JOBS_AT_ONCE: concurrency(0, "2"),
});

const workerEnv = stagingEnv
  .omit({ GRPC_LISTEN: true })
  .extend({ STAGING_JOBS_AT_ONCE: concurrency(1, "2") });

/** Reads the settings of a staging process; throws a ConfigError with every problem. */
export function parseConfig(env: Env) {
  const settings = parseMeshEnv(stagingEnv, env);
  return Object.freeze({ ...common(settings), grpcListen: settings.GRPC_LISTEN });
}

/** Reads the settings of a worker process; throws a ConfigError with every problem. */
export function parseWorkerConfig(env: Env): WorkerConfig {
  return Object.freeze(common(parseMeshEnv(workerEnv, env)));
}

const common = (settings: ReturnType<typeof parseMeshEnv<typeof workerEnv>>) => ({
  ...serviceSettings(settings),
  identityAddress: settings.IDENTITY_ADDRESS,
  storageAddress: settings.STORAGE_ADDRESS,
  orchestrationAddress: settings.ORCHESTRATION_ADDRESS,
  jobsAtOnce: settings.STAGING_JOBS_AT_ONCE,
});
