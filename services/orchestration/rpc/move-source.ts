import type { MethodImpl } from "@connectrpc/connect";
import type { SourceService } from "../../../gen/sluice/orchestration/v1/sources_pb.ts";
import { requireNamespace } from "../../lib/clients/require-namespace.ts";
import { violatedConstraint } from "../../lib/database/database-failure.ts";
import { etagMismatch } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { revisionOf } from "../../lib/rpc/updates.ts";
import { moveSchemas } from "../catalog/schema-repository.ts";
import { moveDocuments } from "../catalog/search/document-repository.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { sourceExists, sourceNotFound } from "../errors.ts";
import { moveEntities } from "../lineage/lineage-repository.ts";
import { toSource } from "../message.ts";
import * as repository from "../source-repository.ts";
import { moveTables } from "../table-repository.ts";

export const moveSource =
  ({ db, policies }: OrchestrationDeps): MethodImpl<typeof SourceService.method.moveSource> =>
  async ({ sourceId, namespace, etag }, context) => {
    const scope = scopeOf(context);
    await requireNamespace(policies, scope, namespace);
    const current = await repository.findSource(db, scope, sourceId);
    if (!current) throw sourceNotFound(sourceId);
    try {
      const row = await db.transaction(async (tx) => {
        const moved = await repository.moveSource(tx, scope, sourceId, revisionOf(etag), namespace);
        if (!moved) return undefined;
        await moveEntities(tx, scope, await moveTables(tx, scope, moved), namespace);
        await moveSchemas(tx, scope, moved);
        await moveDocuments(tx, scope, moved, current.namespace);
        return moved;
      });
      if (!row) throw etagMismatch("source", sourceId);
      return { source: toSource(row) };
    } catch (error) {
      const isTaken = violatedConstraint(error) === repository.displayNameConstraint;
      throw isTaken ? sourceExists(current.displayName) : error;
    }
  };
