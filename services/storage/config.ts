import { z } from "zod";
import { serviceSettings } from "../lib/process/service-settings.ts";
import { type Env, secretKey, serviceEnv } from "../lib/settings/env.ts";
import { parseMeshEnv } from "../lib/tls/tls-settings.ts";

export type StorageConfig = ReturnType<typeof parseConfig>;

const storageEnv = serviceEnv.extend({
  STORAGE_DIR: z.string("is required: the folder that holds the files' bytes"),
  LENT_FILES_DIR: z.string().optional(),
  PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: "must be the platform's address, as https://sluice.example.org" })
    .transform((url) => url.replace(/\/+$/, ""))
    .default(""),
  url_signing_key: secretKey,
});

/** Parses the settings of a storage process. Throws a ConfigError that lists every problem. */
export function parseConfig(env: Env) {
  const settings = parseMeshEnv(storageEnv, env);
  return Object.freeze({
    ...serviceSettings(settings),
    grpcListen: settings.GRPC_LISTEN,
    storageDirectory: settings.STORAGE_DIR,
    /** Folder of files that orchestration lends; undefined if this process cannot read it. */
    lentFilesDirectory: settings.LENT_FILES_DIR,
    /** Public URL of the platform; empty if the operator has not set it. */
    publicUrl: settings.PUBLIC_URL,
    /** 32 bytes. */
    urlSigningKey: Buffer.from(settings.url_signing_key, "base64"),
  });
}
