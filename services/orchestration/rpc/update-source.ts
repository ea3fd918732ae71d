import type { MethodImpl } from "@connectrpc/connect";
import {
  type Source,
  SourceSchema,
  type SourceService,
} from "../../../gen/sluice/orchestration/v1/sources_pb.ts";
import { violatedConstraint } from "../../lib/database-failure.ts";
import { etagMismatch } from "../../lib/errors.ts";
import { scopeOf } from "../../lib/guard.ts";
import { fieldsToUpdate, required, revisionOf } from "../../lib/updates.ts";
import { checkSecrets, refuseInsecureLogin } from "../check-source.ts";
import type { DataSource } from "../connectors/connector.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { sourceExists, sourceNotFound } from "../errors.ts";
import { toSource } from "../message.ts";
import * as repository from "../source-repository.ts";

const writable = ["display_name", "settings"] as const;

export const updateSource =
  ({ db, connectors, secrets }: OrchestrationDeps): MethodImpl<typeof SourceService.method.updateSource> =>
  async ({ source: given, updateMask }, context) => {
    const scope = scopeOf(context);
    const source = required(given, "source");
    const { sourceId, displayName, etag } = source;
    const fields = fieldsToUpdate(SourceSchema, source, updateMask, writable);
    const current = await repository.findSource(db, scope, sourceId);
    if (!current) throw sourceNotFound(sourceId);
    const change = changeOf(source, fields);
    const next =
      change.settings && connectors.get(current.connector)?.open(change.settings, "source.settings");
    if (next) await checkSecrets(secrets, next);
    try {
      const row = await db.transaction(async (tx) => {
        // Locked: an insecure login that an editor keeps must not have been removed meanwhile.
        const locked = await repository.findSourceForUpdate(tx, scope, sourceId);
        if (next) refuseInsecureLogin(scope, next, locked && tryToOpen(locked, connectors));
        return await repository.updateSource(tx, scope, sourceId, revisionOf(etag), change);
      });
      if (row) return { source: toSource(row) };
    } catch (error) {
      const isTaken = violatedConstraint(error) === repository.displayNameConstraint;
      throw isTaken ? sourceExists(displayName) : error;
    }
    const exists = await repository.findSource(db, scope, sourceId);
    throw exists ? etagMismatch("source", sourceId) : sourceNotFound(sourceId);
  };

function changeOf(
  { displayName, settings = {} }: Source,
  fields: readonly (typeof writable)[number][],
): repository.SourceChange {
  return {
    ...(fields.includes("display_name") && { displayName: required(displayName, "source.display_name") }),
    ...(fields.includes("settings") && { settings }),
  };
}

/** Settings that were taken once may not be valid any more: then there is nothing to keep. */
function tryToOpen(
  { connector, settings }: repository.SourceRow,
  connectors: OrchestrationDeps["connectors"],
): DataSource | undefined {
  try {
    return connectors.get(connector)?.open(settings, "settings");
  } catch {
    return undefined;
  }
}
