import type { MethodImpl } from "@connectrpc/connect";
import { AuditKind } from "../../../gen/sluice/storage/v1/audit_pb.ts";
import type { VectorService } from "../../../gen/sluice/storage/v1/vectors_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { recordEvents } from "../audit/record-event.ts";
import type { StorageDeps } from "../deps.ts";
import { collectionEvent } from "../vectors/collection-event.ts";
import * as repository from "../vectors/collection-repository.ts";
import { collectionNotFound } from "../vectors/vector-errors.ts";

export const deleteCollection =
  ({ db, vectorSearch }: StorageDeps): MethodImpl<typeof VectorService.method.deleteCollection> =>
  async ({ collectionId }, context) => {
    const scope = scopeOf(context);
    await db.transaction(async (tx) => {
      const row = await repository.deleteCollection(tx, scope, collectionId);
      if (!row) throw collectionNotFound(collectionId);
      await vectorSearch.dropped(tx, row);
      await recordEvents(tx, scope, collectionEvent(AuditKind.COLLECTION_DELETED, row));
    });
    return {};
  };
