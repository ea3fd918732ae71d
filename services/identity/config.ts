import { z } from "zod";
import { serviceSettings } from "../lib/process/service-settings.ts";
import { type Env, secretKey, serviceEnv } from "../lib/settings/env.ts";
import { parseMeshEnv } from "../lib/tls/tls-settings.ts";

export type IdentityConfig = ReturnType<typeof parseConfig>;

const identityEnv = serviceEnv.extend({
  BOOTSTRAP_ADMIN_EMAIL: z
    .email({ pattern: z.regexes.html5Email, error: "must be an e-mail address" })
    .max(254, "must have 254 characters or fewer")
    .default("admin@sluice.local"),
  BOOTSTRAP_ADMIN_PASSWORD: z
    .string()
    .min(12, "must have 12 characters or more")
    .max(1024, "must have 1024 characters or fewer")
    .optional(),
  secret_encryption_key: secretKey,
});

/** Reads the settings of an identity process; throws a ConfigError with every problem. */
export function parseConfig(env: Env) {
  const settings = parseMeshEnv(identityEnv, env);
  return Object.freeze({
    ...serviceSettings(settings),
    grpcListen: settings.GRPC_LISTEN,
    bootstrapAdminEmail: settings.BOOTSTRAP_ADMIN_EMAIL,
    /** Undefined: one is generated. */
    bootstrapAdminPassword: settings.BOOTSTRAP_ADMIN_PASSWORD,
    /** 32 bytes in base64. */
    secretEncryptionKey: settings.secret_encryption_key,
  });
}
