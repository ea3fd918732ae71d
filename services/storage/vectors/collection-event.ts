import type { AuditKind } from "../../../gen/sluice/storage/v1/audit_pb.ts";
import type { StorageEvent } from "../audit/record-event.ts";
import type { CollectionRow } from "./collection-repository.ts";

/** The audit event of a collection. */
export const collectionEvent = (
  kind: AuditKind,
  { collectionId, namespace }: Pick<CollectionRow, "collectionId" | "namespace">,
  details: Record<string, unknown> = {},
): StorageEvent => ({ kind, namespace, resource: `collections/${collectionId}`, details });
