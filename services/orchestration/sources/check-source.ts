import type { Scope } from "../../lib/rpc/guard.ts";
import { allowsEverywhere } from "../../lib/rpc/permissions.ts";
import type { DataSource } from "../connectors/connector.ts";
import { insecureLoginNotYours, secretsNotYours } from "../errors.ts";
import type { Secrets } from "./secrets.ts";

/** Requires `sources.insecure` for an insecure login that is new or changed. PermissionDenied (PERMISSION_MISSING). */
export function refuseInsecureLogin(
  { principal }: Scope,
  { insecureLogin }: DataSource,
  current?: DataSource,
): void {
  const isUnchanged = insecureLogin === undefined || insecureLogin === current?.insecureLogin;
  if (!isUnchanged && !allowsEverywhere(principal, "sources.insecure")) throw insecureLoginNotYours();
}

/**
 * Requires `secrets.read` in the whole organisation for a source that names secrets. They are the organisation's: with
 * roles in one namespace, a caller would read another one's database with them. PermissionDenied (PERMISSION_MISSING).
 */
export function refuseSecrets({ principal }: Scope, { secrets = [] }: DataSource): void {
  if (secrets.length > 0 && !allowsEverywhere(principal, "secrets.read")) throw secretsNotYours();
}

/** Checks that the source's secrets may be sent to its server. FailedPrecondition (SECRET_NOT_ALLOWED). */
export async function checkSecrets(secrets: Secrets, scope: Scope, source: DataSource): Promise<void> {
  refuseSecrets(scope, source);
  for (const { name, destination } of source.secrets ?? []) await secrets.validate(name, destination);
}
