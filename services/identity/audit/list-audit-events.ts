import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { AuditEvent } from "../../../gen/sluice/identity/v1/audit_pb.ts";
import type { AuditFilter, Before } from "../../lib/audit/audit-filter.ts";
import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { readApprovalEvents } from "./approval-events.ts";
import type { AuditPeers } from "./audit-peers.ts";
import { auditLog } from "./record-event.ts";
import { readStorageEvents } from "./storage-events.ts";

/** Position of an event among those of all services: by time, newest first, then by service, then by sequence. */
export type Position = Before & { readonly service: string };

type Read = (before: Before | undefined) => Promise<AuditEvent[]>;

const sequenceMax = 2n ** 63n - 1n;

/** Matching events of all services after a position, newest first. */
export async function listAuditEvents(
  { db, auditPeers }: { db: Db; auditPeers: AuditPeers },
  scope: Scope,
  filter: AuditFilter,
  after: Position | undefined,
  limit: number,
): Promise<AuditEvent[]> {
  const reads: Record<string, Read> = {
    approval: (before) => readApprovalEvents(auditPeers.approval, filter, before, limit),
    identity: (before) => auditLog.list(db, scope, filter, before, limit),
    storage: (before) => readStorageEvents(auditPeers.storage, filter, before, limit),
  };
  const pages = Object.entries(reads).map(([service, read]) => read(after && boundOf(service, after)));
  return (await Promise.all(pages)).flat().sort(byPosition).slice(0, limit);
}

/** The bound of a service's own events. At the position's time, events of other services come before it or after it. */
function boundOf(service: string, after: Position): Before {
  if (service === after.service) return after;
  return { time: after.time, sequence: service > after.service ? sequenceMax : 0n };
}

export const positionOf = ({ createTime, service, sequence }: AuditEvent): Position => ({
  time: createTime ? timestampDate(createTime) : new Date(0),
  service,
  sequence,
});

function byPosition(first: AuditEvent, second: AuditEvent): number {
  const [one, other] = [positionOf(first), positionOf(second)];
  const byTime = other.time.getTime() - one.time.getTime();
  if (byTime !== 0) return byTime;
  if (one.service !== other.service) return one.service < other.service ? -1 : 1;
  return one.sequence > other.sequence ? -1 : 1;
}

/** The position as a key of page tokens, and back. */
export const writePosition = ({ time, service, sequence }: Position): string =>
  `${time.getTime()} ${service} ${sequence}`;

const positionPattern = /^(\d{1,14}) (identity|approval|storage) (\d{1,18})$/;

export const isPosition = (text: string): boolean => positionPattern.test(text);

export function readPosition(text: string): Position {
  const [, time, service = "", sequence = "0"] = positionPattern.exec(text) ?? [];
  return { time: new Date(Number(time)), service, sequence: BigInt(sequence) };
}
