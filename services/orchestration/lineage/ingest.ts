import { createHash } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import canonicalize from "canonicalize";
import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { listTablesById } from "../table-repository.ts";
import { type EventLineage, eventLineage } from "./event-lineage.ts";
import type { Lineage, LineageEntity } from "./lineage.ts";
import { insertEvents, insertLineage, listEntities } from "./lineage-repository.ts";
import { parseEvent, type Violation } from "./open-lineage.ts";
import { tableEntity } from "./table-entity.ts";

/** Size of one event, in bytes of its canonical JSON. */
export const eventBytesMax = 1024 ** 2;

export type ReadableEvent = {
  readonly kind: "readable";
  /** Hex hash of the canonical JSON. Identifies the event. */
  readonly sha256: string;
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
  events: readonly JsonObject[],
): Promise<readonly ReadEvent[]> {
  const read = events.map((event) => readEvent(scope, event));
  const references = read.flatMap((one) => (one.kind === "parsed" ? [...one.parsed.references.keys()] : []));
  const own = await ownEntities(db, scope, [...new Set(references)]);
  return read.map((one) => (one.kind === "parsed" ? withReferences(one, own) : one));
}

/** Records events in one transaction. Returns the hashes of the new ones. */
export async function recordEvents(
  db: Db,
  scope: Scope,
  events: readonly ReadableEvent[],
  namespace: string,
): Promise<Set<string>> {
  if (events.length === 0) return new Set();
  return db.transaction(async (tx) => {
    const hashes = events.map(({ sha256 }) => sha256);
    const recorded = await insertEvents(tx, scope, hashes);
    const fresh = events.filter(({ sha256 }) => recorded.has(sha256));
    await insertLineage(
      tx,
      scope,
      fresh.map(({ lineage }) => lineage),
      namespace,
    );
    return new Set(recorded);
  });
}

type ParsedEvent = { readonly kind: "parsed"; readonly sha256: string; readonly parsed: EventLineage };

function readEvent({ orgId }: Scope, json: JsonObject): Exclude<ReadEvent, ReadableEvent> | ParsedEvent {
  const canonical = canonicalize(json) ?? "";
  if (Buffer.byteLength(canonical) > eventBytesMax) return { kind: "tooLarge" };
  const result = parseEvent(json);
  if ("violations" in result) return { kind: "invalid", violations: result.violations };
  const parsed = eventLineage(orgId, result.event);
  if (parsed.violations.length > 0) return { kind: "invalid", violations: parsed.violations };
  return { kind: "parsed", sha256: createHash("sha256").update(canonical).digest("hex"), parsed };
}

/** Sluice's own entities among these ids: entities of the graph, and tables that are not in it yet. */
async function ownEntities(
  db: Db,
  scope: Scope,
  entityIds: readonly string[],
): Promise<ReadonlyMap<string, LineageEntity>> {
  const tables = await listTablesById(db, scope, entityIds);
  const entities = await listEntities(db, scope, entityIds);
  const known = entities.map(({ entityId, kind, namespace, name, ownerNamespace }) => ({
    entityId,
    kind,
    namespace,
    name,
    ownerNamespace,
  }));
  return new Map([...tables.map(tableEntity), ...known].map((entity) => [entity.entityId, entity]));
}

function withReferences(
  { sha256, parsed }: ParsedEvent,
  own: ReadonlyMap<string, LineageEntity>,
): Exclude<ReadEvent, { kind: "tooLarge" }> {
  const unknown = [...parsed.references].filter(([entityId]) => !own.has(entityId));
  if (unknown.length > 0) {
    const description = "is not the id of an entity that the graph has";
    return { kind: "invalid", violations: unknown.map(([, path]) => ({ path, description })) };
  }
  const referenced = [...parsed.references.keys()].flatMap((entityId) => own.get(entityId) ?? []);
  const entities = [...parsed.lineage.entities, ...referenced];
  const entityIds = [...new Set(entities.map(({ entityId }) => entityId))];
  return { kind: "readable", sha256, lineage: { ...parsed.lineage, entities }, entityIds };
}
