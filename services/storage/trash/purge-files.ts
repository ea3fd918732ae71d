import { AuditKind } from "../../../gen/sluice/storage/v1/audit_pb.ts";
import type { Audited } from "../../lib/audit/new-event.ts";
import type { Db } from "../../lib/database/database.ts";
import { recordEvents, type StorageEvent } from "../audit/record-event.ts";
import { touchBlobs } from "../blob-repository.ts";
import type { FileRow } from "../file-repository.ts";
import { freeUsage } from "../quota/usage.ts";
import { deleteVersions } from "../versions/version-repository.ts";
import { deleteFiles } from "./trash-repository.ts";

/** File ids in one event. The contract states it. */
const fileIdsMax = 200;

/**
 * Removes files for good, with their versions, releases their quota and records it. The transaction has locked them, and
 * does nothing else after it.
 */
export async function purgeFiles(tx: Db, audited: Audited, rows: readonly FileRow[]): Promise<void> {
  if (rows.length === 0) return;
  const { orgId } = audited;
  const fileIds = rows.map(({ fileId }) => fileId);
  const versions = await deleteVersions(tx, orgId, fileIds);
  await deleteFiles(tx, orgId, fileIds);
  const namespaces = new Map(rows.map(({ fileId, namespace }) => [fileId, namespace]));
  const contents = [
    ...rows.map(({ namespace, sha256, sizeBytes }) => ({ namespace, sha256, sizeBytes })),
    ...versions.map(({ fileId, sha256, sizeBytes }) => ({
      namespace: namespaces.get(fileId) ?? "",
      sha256,
      sizeBytes,
      isVersion: true,
    })),
  ];
  await touchBlobs(
    tx,
    { orgId },
    contents.map(({ sha256 }) => sha256),
  );
  await freeUsage(tx, orgId, contents);
  await recordEvents(tx, audited, ...eventsOf(rows));
}

/** One event for one file, and for several files one for each namespace and `fileIdsMax` of them. */
function eventsOf(rows: readonly FileRow[]): StorageEvent[] {
  const [first] = rows;
  if (first && rows.length === 1) {
    const { fileId, namespace } = first;
    return [{ kind: AuditKind.FILE_PURGED, namespace, resource: `files/${fileId}` }];
  }
  const events: StorageEvent[] = [];
  for (const [namespace, files] of Map.groupBy(rows, (row) => row.namespace)) {
    const fileIds = files.map(({ fileId }) => fileId);
    for (let from = 0; from < fileIds.length; from += fileIdsMax) {
      const details = { fileIds: fileIds.slice(from, from + fileIdsMax) };
      events.push({ kind: AuditKind.FILES_PURGED, namespace, details });
    }
  }
  return events;
}
