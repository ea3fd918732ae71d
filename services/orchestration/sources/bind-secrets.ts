import type { PolicyService } from "../../../gen/sluice/identity/v1/policy_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import type { MeshClient } from "../../lib/mesh/mesh-client.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import type { Connector, SecretUse } from "../connectors/connector.ts";
import { listSourcesOfOrg, type SourceRow } from "../source-repository.ts";

export type BindDeps = {
  readonly db: Db;
  readonly policies: MeshClient<typeof PolicyService>;
  readonly connectors: ReadonlyMap<string, Connector>;
};

/**
 * Binds the secrets of an organisation to the servers of the sources that use them. Only secrets from a version without
 * destinations are unbound.
 */
export async function bindSecrets(
  { db, policies, connectors }: BindDeps,
  orgId: string,
  signal?: AbortSignal,
): Promise<void> {
  const rows = await listSourcesOfOrg(db, orgId);
  const uses = rows.flatMap((row) => usesOf(row, connectors));
  const distinct = new Map(uses.map((use) => [JSON.stringify(use), use]));
  await policies.bindSecrets({ orgId, uses: [...distinct.values()] }, { ...(signal && { signal }) });
}

/** Binds the secrets of every organisation that has unbound ones. After a failure they are bound when they are used. */
export async function bindEverySecret(
  deps: BindDeps & { readonly log: Logger },
  stop: AbortSignal,
): Promise<void> {
  const tried = new Set<string>();
  let bound = 0;
  try {
    for (;;) {
      const { orgIds } = await deps.policies.listUnboundOrgs({}, { signal: stop });
      const pending = orgIds.filter((orgId) => !tried.has(orgId));
      if (pending.length === 0) break;
      for (const orgId of pending) {
        stop.throwIfAborted();
        tried.add(orgId);
        if (await tryBind(deps, orgId, stop)) bound += 1;
      }
    }
  } catch (error) {
    if (!stop.aborted)
      deps.log.warn({ err: error }, "secrets from before the upgrade are bound when they are used");
  }
  if (bound > 0)
    deps.log.info({ orgs: bound }, "secrets are bound to the hosts of the sources that use them");
}

/** Returns false on failure, so that the other organisations' secrets are still bound. */
async function tryBind(
  deps: BindDeps & { readonly log: Logger },
  orgId: string,
  stop: AbortSignal,
): Promise<boolean> {
  try {
    await bindSecrets(deps, orgId, stop);
    return true;
  } catch (error) {
    stop.throwIfAborted();
    deps.log.warn({ err: error, orgId }, "an organisation's secrets are bound when they are used");
    return false;
  }
}

/** A source whose settings are no longer valid sends no secrets. */
function usesOf(
  { connector, settings }: SourceRow,
  connectors: BindDeps["connectors"],
): readonly SecretUse[] {
  try {
    return connectors.get(connector)?.open(settings, "settings").secrets ?? [];
  } catch {
    return [];
  }
}
