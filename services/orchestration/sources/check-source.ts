import type { Scope } from "../../lib/rpc/guard.ts";
import { allows } from "../../lib/rpc/permissions.ts";
import type { DataSource } from "../connectors/connector.ts";
import { insecureLoginNotYours } from "../errors.ts";
import type { Secrets } from "./secrets.ts";

/** An insecure login takes `sources.insecure`, unless it stays as it is. PermissionDenied (PERMISSION_MISSING). */
export function refuseInsecureLogin(
  { principal }: Scope,
  { insecureLogin }: DataSource,
  current?: DataSource,
): void {
  const isKept = insecureLogin === undefined || insecureLogin === current?.insecureLogin;
  if (!isKept && !allows(principal.roles, "sources.insecure")) throw insecureLoginNotYours();
}

/** Refuses a source whose secrets may not be sent to its server. FailedPrecondition (SECRET_NOT_ALLOWED). */
export async function checkSecrets(secrets: Secrets, source: DataSource): Promise<void> {
  for (const { name, destination } of source.secrets ?? []) await secrets.validate(name, destination);
}
