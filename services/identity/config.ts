import { z } from "zod";
import { serviceSettings } from "../lib/process/service-settings.ts";
import { type Env, grpcAddress, secretKey, serviceEnv } from "../lib/settings/env.ts";
import { parseMeshEnv } from "../lib/tls/tls-settings.ts";
import { passwordFault } from "./accounts/password-policy.ts";
import { bootstrapAccount } from "./bootstrap.ts";
import { readIssuersFile } from "./oidc/issuers-file.ts";
import { refuseMissingKeys, servicePrincipals } from "./service-principals/settings.ts";

export type IdentityConfig = ReturnType<typeof parseConfig>;

const emailDefault = "admin@sluice.local";

const identityEnv = serviceEnv.extend({
  BOOTSTRAP_ADMIN_EMAIL: z
    .email({ pattern: z.regexes.html5Email, error: "must be an e-mail address" })
    .max(254, "must have 254 characters or fewer")
    .default(emailDefault),
  BOOTSTRAP_ADMIN_PASSWORD: z
    .string()
    .superRefine((password, context) => {
      const fault = passwordFault(password, { email: "", displayName: "", orgName: "" });
      if (fault) context.addIssue({ code: "custom", message: fault.text });
    })
    .optional(),
  secret_encryption_key: secretKey,
  APPROVAL_ADDRESS: grpcAddress,
  ORCHESTRATION_ADDRESS: grpcAddress,
  STAGING_ADDRESS: grpcAddress,
  STORAGE_ADDRESS: grpcAddress,
  secret_decryption_key: secretKey.optional(),
  SERVICE_PRINCIPALS: servicePrincipals,
  SECRETS_MNT_PATH: z.string().optional(),
});

function ownWordProblems(set: Env): string[] {
  const { BOOTSTRAP_ADMIN_EMAIL: email = emailDefault, BOOTSTRAP_ADMIN_PASSWORD: password } = set;
  const fault = password === undefined ? undefined : passwordFault(password, bootstrapAccount(email));
  return fault?.cause === "own_word" ? [`BOOTSTRAP_ADMIN_PASSWORD: ${fault.text}`] : [];
}

/** Reads the settings of an identity process; throws a ConfigError with every problem. */
export function parseConfig(env: Env) {
  const { issuers, problems } = readIssuersFile(env);
  const settings = parseMeshEnv(identityEnv, env, (set) => [...ownWordProblems(set), ...problems]);
  refuseMissingKeys(settings.SERVICE_PRINCIPALS, settings.SECRETS_MNT_PATH);
  return Object.freeze({
    ...serviceSettings(settings),
    grpcListen: settings.GRPC_LISTEN,
    bootstrapAdminEmail: settings.BOOTSTRAP_ADMIN_EMAIL,
    /** Undefined: one is generated. */
    bootstrapAdminPassword: settings.BOOTSTRAP_ADMIN_PASSWORD,
    /** 32 bytes in base64. */
    secretEncryptionKey: settings.secret_encryption_key,
    /** OpenID Connect issuers. */
    issuers,
    approvalAddress: settings.APPROVAL_ADDRESS,
    orchestrationAddress: settings.ORCHESTRATION_ADDRESS,
    stagingAddress: settings.STAGING_ADDRESS,
    storageAddress: settings.STORAGE_ADDRESS,
    /** 32 bytes in base64: the former key, or the next one. */
    secretDecryptionKey: settings.secret_decryption_key,
    servicePrincipals: settings.SERVICE_PRINCIPALS,
    /** Folder of the secret files. */
    secretsFolder: settings.SECRETS_MNT_PATH,
  });
}
