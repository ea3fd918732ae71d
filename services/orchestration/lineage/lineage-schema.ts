import { sql } from "drizzle-orm";
import { check, foreignKey, index, primaryKey, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { bytea } from "../../lib/database/bytea.ts";
import { defaultNamespace, ownerColumns } from "../../lib/database/scope.ts";
import { orchestration } from "../schema.ts";
import { lineageKinds, transformations } from "./lineage.ts";

const createTime = timestamp("create_time", { withTimezone: true }).notNull().defaultNow();

export const lineageKind = orchestration.enum("lineage_kind", lineageKinds);

export const lineageEntities = orchestration.table(
  "lineage_entities",
  {
    orgId: ownerColumns().orgId,
    /** Sluice's namespace, whose callers see the entity. */
    ownerNamespace: text("owner_namespace").notNull().default(defaultNamespace),
    entityId: uuid("entity_id").notNull(),
    kind: lineageKind("kind").notNull(),
    /** The namespace of OpenLineage: a part of the name. */
    namespace: text("namespace").notNull(),
    name: text("name").notNull(),
    // No foreign key: the parent may be recorded later.
    parentEntityId: uuid("parent_entity_id"),
    createTime,
  },
  (table) => [
    primaryKey({ name: "lineage_entities_pk", columns: [table.orgId, table.entityId] }),
    index("lineage_entities_owner").on(table.orgId, table.ownerNamespace, table.entityId),
    check("lineage_entities_parent", sql`${table.kind} = 'job' or ${table.parentEntityId} is null`),
  ],
);

export const lineageEdges = orchestration.table(
  "lineage_edges",
  {
    orgId: uuid("org_id").notNull(),
    fromEntityId: uuid("from_entity_id").notNull(),
    toEntityId: uuid("to_entity_id").notNull(),
    createTime,
  },
  (table) => [
    primaryKey({ name: "lineage_edges_pk", columns: [table.orgId, table.fromEntityId, table.toEntityId] }),
    index("lineage_edges_to").on(table.orgId, table.toEntityId, table.fromEntityId),
    foreignKey({
      name: "lineage_edges_from_entity",
      columns: [table.orgId, table.fromEntityId],
      foreignColumns: [lineageEntities.orgId, lineageEntities.entityId],
    }),
    foreignKey({
      name: "lineage_edges_to_entity",
      columns: [table.orgId, table.toEntityId],
      foreignColumns: [lineageEntities.orgId, lineageEntities.entityId],
    }),
  ],
);

export const lineageTransformation = orchestration.enum("lineage_transformation", transformations);

export const lineageColumns = orchestration.table(
  "lineage_columns",
  {
    orgId: uuid("org_id").notNull(),
    fromEntityId: uuid("from_entity_id").notNull(),
    toEntityId: uuid("to_entity_id").notNull(),
    toColumn: text("to_column").notNull(),
    // The entity of `from_column`: the start of the edge, or the data set behind it.
    columnEntityId: uuid("column_entity_id").notNull(),
    fromColumn: text("from_column").notNull(),
    transformation: lineageTransformation("transformation").notNull(),
  },
  (table) => [
    primaryKey({
      name: "lineage_columns_pk",
      columns: [
        table.orgId,
        table.fromEntityId,
        table.toEntityId,
        table.toColumn,
        table.columnEntityId,
        table.fromColumn,
        table.transformation,
      ],
    }),
    foreignKey({
      name: "lineage_columns_edge",
      columns: [table.orgId, table.fromEntityId, table.toEntityId],
      foreignColumns: [lineageEdges.orgId, lineageEdges.fromEntityId, lineageEdges.toEntityId],
    }),
    // Both are part of the primary key, and PostgreSQL limits the size of an index row.
    check("lineage_columns_to_column_length", sql`char_length(${table.toColumn}) <= 255`),
    check("lineage_columns_from_column_length", sql`char_length(${table.fromColumn}) <= 255`),
  ],
);

/** Hashes of recorded OpenLineage events. Their content is in the other tables. */
export const lineageEvents = orchestration.table(
  "lineage_events",
  {
    orgId: uuid("org_id").notNull(),
    // Of the canonical JSON.
    sha256: bytea("sha256").notNull(),
    createTime,
  },
  (table) => [primaryKey({ name: "lineage_events_pk", columns: [table.orgId, table.sha256] })],
);
