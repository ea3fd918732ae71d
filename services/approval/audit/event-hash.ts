import { create, enumFromJson, isEnumJson } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  type Event,
  EventSchema,
  EventType,
  EventTypeSchema,
} from "../../../gen/sluice/approval/v1/audit_pb.ts";
import { hashOfEvent } from "../../lib/audit/event-hash.ts";
import type { EventRow } from "../event-repository.ts";

/** Name of an event type in the contract. The row and the hash contain it. */
export const typeName = (type: EventType): string => EventTypeSchema.value[type]?.name ?? "";

export function toEvent(row: EventRow): Event {
  const { orgId, sequence, projectId, actorUserId, createTime, detailsJson, previousHash, hash } = row;
  const type = isEnumJson(EventTypeSchema, row.type)
    ? enumFromJson(EventTypeSchema, row.type)
    : EventType.UNSPECIFIED;
  return create(EventSchema, {
    orgId,
    sequence,
    projectId,
    type,
    actorUserId,
    createTime: timestampFromDate(createTime),
    detailsJson,
    previousHash,
    hash,
  });
}

/** Recomputes the hash of an event. Throws if its details are not JSON. */
export const hashOf = (row: Omit<EventRow, "hash">): string =>
  hashOfEvent(EventSchema, toEvent({ ...row, hash: "" }));
