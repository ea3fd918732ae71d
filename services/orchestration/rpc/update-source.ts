import type { MethodImpl } from "@connectrpc/connect";
import {
  type Source,
  SourceSchema,
  type SourceService,
} from "../../../gen/sluice/orchestration/v1/sources_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { violatedConstraint } from "../../lib/database/database-failure.ts";
import { etagMismatch } from "../../lib/rpc/errors.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import { required, revisionOf, updatesOf } from "../../lib/rpc/updates.ts";
import type { DataSource } from "../connectors/connector.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { sourceExists, sourceNotFound } from "../errors.ts";
import { previewDryRun } from "../executions/read-preview.ts";
import { toSource } from "../message.ts";
import * as repository from "../source-repository.ts";
import { checkSecrets, refuseInsecureLogin } from "../sources/check-source.ts";
import { dryRun } from "../sources/dry-run.ts";

const updates = updatesOf(SourceSchema, { key: "source_id", writable: ["display_name", "settings"] });

export const updateSource =
  (deps: OrchestrationDeps): MethodImpl<typeof SourceService.method.updateSource> =>
  async ({ source: given, updateMask, validateOnly }, context) => {
    const { db, connectors, secrets } = deps;
    const scope = scopeOf(context);
    const source = required(given, "source");
    const { sourceId, etag } = source;
    const fields = updates.fieldsOf(source, updateMask);
    const current = await repository.findSource(db, scope, sourceId);
    if (!current) throw sourceNotFound(sourceId);
    const revision = revisionOf(etag);
    if (revision !== undefined && revision !== current.revision) throw etagMismatch("source", sourceId);
    updates.refuseReadOnly(source, updateMask, toSource(current));
    const change = changeOf(source, fields);
    const next =
      change.settings && connectors.get(current.connector)?.open(change.settings, "source.settings");
    if (next) await checkSecrets(secrets, scope, next);
    const row = await write(deps, scope, { sourceId, revision, change, next, validateOnly });
    if (!row) throw await noSuchRevision(deps, scope, sourceId);
    if (!validateOnly) return { source: toSource(row) };
    return next ? await previewDryRun(deps, context, next) : {};
  };

type Update = {
  readonly sourceId: string;
  readonly revision: number | undefined;
  readonly change: repository.SourceChange;
  readonly next: DataSource | undefined;
  readonly validateOnly: boolean;
};

/** Undefined if the source is gone or has another revision. */
async function write(
  { db, connectors }: OrchestrationDeps,
  scope: Scope,
  { sourceId, revision, change, next, validateOnly }: Update,
): Promise<repository.SourceRow | undefined> {
  const update = async (tx: Db) => {
    // Lock the row: an insecure login may be kept only if it still exists.
    const locked = await repository.findSourceForUpdate(tx, scope, sourceId);
    if (next) refuseInsecureLogin(scope, next, locked && tryToOpen(locked, connectors));
    return await repository.updateSource(tx, scope, sourceId, revision, change);
  };
  try {
    return await (validateOnly ? dryRun(db, update) : db.transaction(update));
  } catch (error) {
    const isTaken = violatedConstraint(error) === repository.displayNameConstraint;
    throw isTaken ? sourceExists(change.displayName ?? "") : error;
  }
}

async function noSuchRevision({ db }: OrchestrationDeps, scope: Scope, sourceId: string) {
  const exists = await repository.findSource(db, scope, sourceId);
  return exists ? etagMismatch("source", sourceId) : sourceNotFound(sourceId);
}

function changeOf(
  { displayName, settings = {} }: Source,
  fields: ReturnType<typeof updates.fieldsOf>,
): repository.SourceChange {
  return {
    ...(fields.includes("display_name") && { displayName: required(displayName, "source.display_name") }),
    ...(fields.includes("settings") && { settings }),
  };
}

/** Undefined if the stored settings are not valid any more. */
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
