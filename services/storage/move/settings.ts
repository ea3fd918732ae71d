import { z } from "zod";
import { ConfigError, type Env, parseEnv } from "../../lib/settings/env.ts";
import { parseS3Credentials, parseS3Location } from "../objects/s3/s3-location.ts";

const settings = z.object({
  STORAGE_DIR: z.string("is required: the folder of the files' content"),
  STORAGE_S3_URL: z.string("is required: the bucket, as https://host/bucket"),
  storage_s3_credentials: z.string("is required: access:secret, in the secret of this name"),
});

/** Reads the settings of a move. Throws a ConfigError that lists every problem. */
export function parseMoveSettings(env: Env) {
  const read = parseEnv(settings, env);
  const location = parseS3Location(read.STORAGE_S3_URL);
  const credentials = parseS3Credentials(read.storage_s3_credentials);
  if (!location) throw new ConfigError(["  STORAGE_S3_URL: must be https://host/bucket"]);
  if (!credentials) throw new ConfigError(["  storage_s3_credentials: must be access:secret"]);
  return { directory: read.STORAGE_DIR, s3: { location, credentials } };
}

const usage = "usage: npm run storage:move -- to-s3|to-disk [--check]";

/** Direction and thoroughness of a move, from its arguments. Throws an error with the usage. */
export function parseMoveArguments(args: readonly string[]): { isToS3: boolean; isChecked: boolean } {
  const [direction, ...flags] = args;
  if (direction !== "to-s3" && direction !== "to-disk") throw new ConfigError([usage]);
  if (!flags.every((flag) => flag === "--check")) throw new ConfigError([usage]);
  return { isToS3: direction === "to-s3", isChecked: flags.length > 0 };
}
