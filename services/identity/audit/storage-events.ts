import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { AuditEvent } from "../../../gen/sluice/identity/v1/audit_pb.ts";
import type { AuditFilter, Before } from "../../lib/audit/audit-filter.ts";
import { type AuditPeers, askPeer } from "./audit-peers.ts";
import { storageKindValues } from "./storage-kinds.ts";

/** Collections of the resources that storage's events are about. */
const collections = ["files", "scrubs", "signed_urls", "collections", "models"];

/** Storage's events that match, newest first, over the mesh. Storage is not asked where none can match. */
export async function readStorageEvents(
  storage: AuditPeers["storage"],
  filter: AuditFilter,
  before: Before | undefined,
  limit: number,
): Promise<AuditEvent[]> {
  const { userId, resource, outcome, startTime, endTime } = filter;
  const kinds = filter.kinds.flatMap((kind) => storageKindValues.get(kind) ?? []);
  if (filter.kinds.length > 0 && kinds.length === 0) return [];
  if (resource !== "" && !collections.some((name) => resource.startsWith(`${name}/`))) return [];
  const request = {
    kinds,
    userId,
    resource,
    outcome,
    limit,
    ...(startTime && { startTime: timestampFromDate(startTime) }),
    ...(endTime && { endTime: timestampFromDate(endTime) }),
    ...(before && { beforeTime: timestampFromDate(before.time), beforeSequence: before.sequence }),
  };
  const { events } = await askPeer("storage", (options) => storage.listOrgEvents(request, options));
  return events;
}
