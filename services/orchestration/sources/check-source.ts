import type { Scope } from "../../lib/rpc/guard.ts";
import { allows } from "../../lib/rpc/permissions.ts";
import type { DataSource } from "../connectors/connector.ts";
import { insecureLoginNotYours } from "../errors.ts";
import type { Secrets } from "./secrets.ts";

/** Requires `sources.insecure` for an insecure login that is new or changed. PermissionDenied (PERMISSION_MISSING). */
export function refuseInsecureLogin(
  { principal }: Scope,
  { insecureLogin }: DataSource,
  current?: DataSource,
): void {
  const isUnchanged = insecureLogin === undefined || insecureLogin === current?.insecureLogin;
  if (!isUnchanged && !allows(principal.roles, "sources.insecure")) throw insecureLoginNotYours();
}

/** Checks that the source's secrets may be sent to its server. FailedPrecondition (SECRET_NOT_ALLOWED). */
export async function checkSecrets(secrets: Secrets, source: DataSource): Promise<void> {
  for (const { name, destination } of source.secrets ?? []) await secrets.validate(name, destination);
}
