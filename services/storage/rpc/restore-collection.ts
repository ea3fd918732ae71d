import type { MethodImpl } from "@connectrpc/connect";
import { AuditKind } from "../../../gen/sluice/storage/v1/audit_pb.ts";
import type { VectorService } from "../../../gen/sluice/storage/v1/vectors_pb.ts";
import { requireNamespace } from "../../lib/clients/require-namespace.ts";
import { violatedConstraint } from "../../lib/database/database-failure.ts";
import { permissionMissing, type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import { namespacesOf } from "../../lib/rpc/permissions.ts";
import { required } from "../../lib/rpc/updates.ts";
import { recordEvents } from "../audit/record-event.ts";
import type { StorageDeps } from "../deps.ts";
import { fileNotFound } from "../errors.ts";
import { type FileRow, findFile } from "../file-repository.ts";
import { collectionEvent } from "../vectors/collection-event.ts";
import { nameConstraint } from "../vectors/collection-repository.ts";
import { restoreVectors } from "../vectors/snapshot/restore-vectors.ts";
import { collectionExists } from "../vectors/vector-errors.ts";
import { toCollection } from "../vectors/vector-message.ts";

const filePermission = "storage.files.read";

export const restoreCollection =
  (deps: StorageDeps): MethodImpl<typeof VectorService.method.restoreCollection> =>
  async (request, context) => {
    const { db, content, vectorSearch, longTransactions } = deps;
    const scope = scopeOf(context);
    const wanted = required(request.collection, "collection");
    const file = await readableFile(deps, scope, request.fileId);
    await requireNamespace(deps.policies, scope, wanted.namespace);
    await using open = await content.open(file);
    try {
      const row = await longTransactions(() =>
        db.transaction(async (tx) => {
          const restored = await restoreVectors(tx, vectorSearch, scope, wanted, open.readAll());
          const { fileId } = file;
          await recordEvents(tx, scope, collectionEvent(AuditKind.COLLECTION_CREATED, restored, { fileId }));
          return restored;
        }),
      );
      return { collection: toCollection(row, vectorSearch.isIndexed(row)) };
    } catch (error) {
      throw violatedConstraint(error) === nameConstraint ? collectionExists(wanted.name) : error;
    }
  };

async function readableFile({ db }: StorageDeps, { principal }: Scope, fileId: string): Promise<FileRow> {
  const namespaces = namespacesOf(principal, filePermission);
  if (namespaces.length === 0) throw permissionMissing(filePermission);
  const file = await findFile(db, { orgId: principal.orgId, namespaces }, fileId);
  if (!file) throw fileNotFound(fileId);
  return file;
}
