import { create } from "@bufbuild/protobuf";
import type { MethodImpl } from "@connectrpc/connect";
import { AuditKind } from "../../../gen/sluice/storage/v1/audit_pb.ts";
import { CreateCollectionResponseSchema, VectorService } from "../../../gen/sluice/storage/v1/vectors_pb.ts";
import { requireNamespace } from "../../lib/clients/require-namespace.ts";
import { violatedConstraint } from "../../lib/database/database-failure.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { required } from "../../lib/rpc/updates.ts";
import { recordEvents } from "../audit/record-event.ts";
import type { StorageDeps } from "../deps.ts";
import { onceRequested } from "../requests.ts";
import { collectionEvent } from "../vectors/collection-event.ts";
import { nameConstraint } from "../vectors/collection-repository.ts";
import { createCollectionIn } from "../vectors/create-collection-in.ts";
import { collectionExists } from "../vectors/vector-errors.ts";
import { toCollection } from "../vectors/vector-message.ts";

const method = VectorService.method.createCollection;

export const createCollection =
  ({ db, policies, vectorSearch }: StorageDeps): MethodImpl<typeof method> =>
  async (request, context) => {
    const collection = required(request.collection, "collection");
    const scope = scopeOf(context);
    await requireNamespace(policies, scope, collection.namespace);
    try {
      return await onceRequested(db, scope, { method, request }, async (tx) => {
        const row = await createCollectionIn(tx, vectorSearch, scope, collection);
        await recordEvents(tx, scope, collectionEvent(AuditKind.COLLECTION_CREATED, row));
        return create(CreateCollectionResponseSchema, {
          collection: toCollection(row, vectorSearch.isIndexed(row)),
        });
      });
    } catch (error) {
      throw violatedConstraint(error) === nameConstraint ? collectionExists(collection.name) : error;
    }
  };
