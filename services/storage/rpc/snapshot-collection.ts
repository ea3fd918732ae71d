import type { MethodImpl } from "@connectrpc/connect";
import type { VectorService } from "../../../gen/sluice/storage/v1/vectors_pb.ts";
import { permissionMissing, scopeOf } from "../../lib/rpc/guard.ts";
import { allowsIn } from "../../lib/rpc/permissions.ts";
import type { StorageDeps } from "../deps.ts";
import { findRules, inspect } from "../policy/upload-rules.ts";
import { receiveContent } from "../upload/receive-content.ts";
import { requireCollection } from "../vectors/require-collection.ts";
import { writeSnapshot } from "../vectors/snapshot/write-snapshot.ts";

const filePermission = "storage.files.write";
const nameLengthMax = 255;

export const snapshotCollection =
  (deps: StorageDeps): MethodImpl<typeof VectorService.method.snapshotCollection> =>
  async ({ collectionId, fileName }, context) => {
    const scope = scopeOf(context);
    const { name, namespace } = await requireCollection(deps.db, scope, collectionId);
    if (!allowsIn(scope.principal, filePermission, namespace)) throw permissionMissing(filePermission);
    const file = { name: fileName || fileNameOf(name), contentType: "application/x-ndjson" };
    const rules = await findRules(deps, scope, namespace);
    rules.requireAllowed(file, undefined);
    let vectorCount = 0;
    const reading = deps.longTransactions(() =>
      deps.db.transaction(
        async (tx) => {
          const collection = await requireCollection(tx, scope, collectionId);
          const written = writeSnapshot(tx, collection, (count) => {
            vectorCount += count;
          });
          const { chunks } = inspect(rules, file, written);
          const { signal } = context;
          return receiveContent(deps, scope, { chunks, announcedBytes: 0, namespace, signal });
        },
        { isolationLevel: "repeatable read", accessMode: "read only" },
      ),
    );
    await using received = await reading;
    context.signal.throwIfAborted();
    const { row } = await received.store({ ...file, namespace });
    received.committed();
    return { fileId: row.fileId, sizeBytes: BigInt(row.sizeBytes), vectorCount: BigInt(vectorCount) };
  };

/** The names of files have no slashes. */
const fileNameOf = (name: string): string =>
  `${[...name.replaceAll(/[/\\]/g, "_")].slice(0, nameLengthMax - ".ndjson".length).join("")}.ndjson`;
