import { sql } from "drizzle-orm";
import { check, foreignKey, index, primaryKey, text, timestamp, uuid } from "drizzle-orm/pg-core";
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
    /** Time of the event that named the parent: the earliest one counts. */
    parentTime: timestamp("parent_time", { withTimezone: true, mode: "string" }),
    owners: text("owners").array().notNull().default(sql`'{}'`),
    /** Time of the record that named the owners: the latest one counts. */
    ownersTime: timestamp("owners_time", { withTimezone: true, mode: "string" }),
    createTime,
  },
  (table) => [
    primaryKey({ name: "lineage_entities_pk", columns: [table.orgId, table.entityId] }),
    index("lineage_entities_owner").on(table.orgId, table.ownerNamespace, table.entityId),
    // A hash: names and namespaces can be longer than an index row.
    index("lineage_entities_name").on(table.orgId, sql`md5(${table.name})`),
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
    /** Times of the first and the last record of the flow. */
    firstTime: timestamp("first_time", { withTimezone: true, mode: "string" }).notNull().defaultNow(),
    lastTime: timestamp("last_time", { withTimezone: true, mode: "string" }).notNull().defaultNow(),
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
    /** Empty if the whole target depends on the column. */
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
    // A change of a column is followed from its entity, and its origin from the target.
    index("lineage_columns_origin").on(table.orgId, table.columnEntityId, table.fromColumn),
    index("lineage_columns_target").on(table.orgId, table.toEntityId, table.toColumn),
    // Both are part of the primary key, and PostgreSQL limits the size of an index row.
    check("lineage_columns_to_column_length", sql`char_length(${table.toColumn}) <= 255`),
    check("lineage_columns_from_column_length", sql`char_length(${table.fromColumn}) <= 255`),
  ],
);
