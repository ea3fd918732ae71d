import { createHash } from "node:crypto";
import { create, enumFromJson, isEnumJson, toJson } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import canonicalize from "canonicalize";
import {
  type Event,
  EventSchema,
  EventType,
  EventTypeSchema,
} from "../../../gen/sluice/approval/v1/audit_pb.ts";
import type { EventRow } from "../event-repository.ts";

/** `previousHash` of an organisation's first event. */
export const zeroHash = "0".repeat(64);

/** The contract's name of a kind of event, as it stands in the row and goes into the hash. */
export const typeName = (type: EventType): string => EventTypeSchema.value[type]?.name ?? "";

/** Canonical JSON (RFC 8785). */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new Error("not a JSON value");
  return text;
}

/** SHA-256 in hexadecimal digits. */
export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

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

/** The hash that an event has to have. Throws when its details are not JSON. */
export function hashOf(row: Omit<EventRow, "hash">): string {
  const event = toJson(EventSchema, toEvent({ ...row, hash: "" })) as Record<string, unknown>;
  const { detailsJson, ...fields } = event;
  return sha256(canonicalJson({ ...fields, details: JSON.parse(String(detailsJson)) }));
}
