import { sql } from "drizzle-orm";
import { foreignKey, index, primaryKey, text, timestamp, unique, uuid } from "drizzle-orm/pg-core";
import { bytea } from "../../lib/database/bytea.ts";
import { defaultNamespace, ownerColumns } from "../../lib/database/scope.ts";
import { orchestration } from "../schema.ts";

const createTime = timestamp("create_time", { withTimezone: true }).notNull().defaultNow();

/** Recorded OpenLineage events. They are only added; the graph is a projection of them. */
export const lineageEvents = orchestration.table(
  "lineage_events",
  {
    orgId: ownerColumns().orgId,
    /** Sluice's namespace, whose callers see the event. */
    namespace: text("owner_namespace").notNull().default(defaultNamespace),
    // Of the canonical JSON.
    sha256: bytea("sha256").notNull(),
    eventId: uuid("event_id").notNull().default(sql`gen_random_uuid()`),
    /** JSON as it was received. Text: jsonb would change numbers and drop whitespace. Null for events that were recorded before their content was kept. */
    event: text("event"),
    /** The job, or the data set of a DatasetEvent. */
    entityId: uuid("entity_id"),
    eventType: text("event_type").notNull().default(""),
    eventTime: timestamp("event_time", { withTimezone: true }).notNull().defaultNow(),
    runId: uuid("run_id"),
    createTime,
  },
  (table) => [
    primaryKey({ name: "lineage_events_pk", columns: [table.orgId, table.sha256] }),
    unique("lineage_events_id").on(table.orgId, table.eventId),
    index("lineage_events_create_time").on(table.orgId, table.createTime, table.eventId),
    index("lineage_events_namespace").on(table.orgId, table.namespace, table.createTime, table.eventId),
    index("lineage_events_entity").on(table.orgId, table.entityId, table.createTime, table.eventId),
    index("lineage_events_event_time").on(table.orgId, table.eventTime, table.eventId),
  ],
);

/** Events that are not in the graph yet. A table of its own, so that the long rows of events are never rewritten. */
export const unprojectedEvents = orchestration.table(
  "lineage_unprojected_events",
  {
    orgId: uuid("org_id").notNull(),
    eventId: uuid("event_id").notNull(),
    createTime,
  },
  (table) => [
    primaryKey({ name: "lineage_unprojected_events_pk", columns: [table.orgId, table.eventId] }),
    index("lineage_unprojected_events_create_time").on(table.createTime, table.eventId),
    foreignKey({
      name: "lineage_unprojected_events_event",
      columns: [table.orgId, table.eventId],
      foreignColumns: [lineageEvents.orgId, lineageEvents.eventId],
    }).onDelete("cascade"),
  ],
);

/** Namespaces of entities while a rebuild of their graph deletes and inserts them. No row outlives its transaction. */
export const keptOwners = orchestration.table(
  "lineage_kept_owners",
  {
    orgId: ownerColumns().orgId,
    namespace: text("owner_namespace").notNull(),
    entityId: uuid("entity_id").notNull(),
    createTime: timestamp("create_time", { withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ name: "lineage_kept_owners_pk", columns: [table.orgId, table.entityId] })],
);
