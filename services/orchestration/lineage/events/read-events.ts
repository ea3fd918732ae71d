import { ConnectError } from "@connectrpc/connect";
import { BadRequestSchema } from "../../../../gen/google/rpc/error_details_pb.ts";
import type { Db } from "../../../lib/database/database.ts";
import type { Scope } from "../../../lib/rpc/guard.ts";
import { parseKeptJson } from "../../../lib/rpc/strict-json.ts";
import type { Lineage } from "../lineage.ts";
import { type EventLineage, eventLineage } from "./event-lineage.ts";
import type { NewEvent } from "./event-repository.ts";
import { hashEvent } from "./event-text.ts";
import { type OpenLineageEvent, parseEvent, type Violation } from "./open-lineage.ts";
import { listOwnEntities, withReferences } from "./own-entities.ts";

/** Size of one event, in bytes of its JSON. */
export const eventBytesMax = 1024 ** 2;

/** A valid event. */
export type ReadableEvent = NewEvent & {
  readonly kind: "readable";
  readonly lineage: Lineage;
  /** Every entity that it names, without duplicates. */
  readonly entityIds: readonly string[];
};

export type ReadEvent =
  | ReadableEvent
  | { readonly kind: "invalid"; readonly violations: readonly Violation[] }
  | { readonly kind: "tooLarge" };

/** Parses OpenLineage events. Sluice's own entities that they reference must belong to the organisation. */
export async function readEvents(
  db: Db,
  scope: Scope,
  texts: readonly string[],
): Promise<readonly ReadEvent[]> {
  const read = texts.map((text) => readEvent(scope, text));
  const references = read.flatMap((one) => (one.kind === "parsed" ? [...one.parsed.references.keys()] : []));
  const own = await listOwnEntities(db, scope, [...new Set(references)]);
  return read.map((one) => {
    if (one.kind !== "parsed") return one;
    const { parsed, event } = one;
    const unknown = [...parsed.references].filter(([entityId]) => !own.has(entityId));
    if (unknown.length > 0) {
      const description = "is not the id of an entity that the graph has";
      return { kind: "invalid", violations: unknown.map(([, path]) => ({ path, description })) };
    }
    const lineage = withReferences(parsed, own);
    const entityIds = [...new Set(lineage.entities.map(({ entityId }) => entityId))];
    return { kind: "readable", ...event, lineage, entityIds };
  });
}

type ParsedEvent = { readonly kind: "parsed"; readonly event: NewEvent; readonly parsed: EventLineage };

function readEvent({ orgId }: Scope, text: string): Exclude<ReadEvent, ReadableEvent> | ParsedEvent {
  if (Buffer.byteLength(text) > eventBytesMax) return { kind: "tooLarge" };
  const result = parseText(text);
  if ("violations" in result) return { kind: "invalid", violations: result.violations };
  const parsed = eventLineage(orgId, result.event);
  if (parsed.violations.length > 0) return { kind: "invalid", violations: parsed.violations };
  const event = { ...describe(result.event), sha256: hashEvent(text), text, entityId: parsed.entityId };
  return { kind: "parsed", event, parsed };
}

function parseText(text: string): ReturnType<typeof parseEvent> {
  try {
    return parseEvent(parseKeptJson(text));
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    return { violations: violationsOf(error) };
  }
}

/** Problems of the text, by their path in it. */
const violationsOf = (error: ConnectError): Violation[] =>
  error
    .findDetails(BadRequestSchema)
    .flatMap(({ fieldViolations }) => fieldViolations)
    .map(({ field, description }) => ({ path: field === "body" ? "" : field, description }));

function describe(event: OpenLineageEvent): Pick<NewEvent, "eventType" | "eventTime" | "runId"> {
  const { eventTime } = event;
  if (event.kind === "dataset") return { eventTime, eventType: "", runId: undefined };
  return { eventTime, eventType: event.eventType ?? "", runId: event.run?.runId };
}
