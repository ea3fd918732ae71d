import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  customType,
  index,
  integer,
  jsonb,
  primaryKey,
  text,
  timestamp,
  unique,
  uuid,
} from "drizzle-orm/pg-core";
import { bytea } from "../../lib/database/bytea.ts";
import { ownerColumns } from "../../lib/database/scope.ts";
import { byCodePoints, trigrams } from "../../lib/list/list-index.ts";
import { storage } from "../schema.ts";

export const metrics = ["cosine", "l2", "dot"] as const;

const count = (name: string) => bigint(name, { mode: "number" });
/** Sorted by code points, which is the order of equally near vectors. */
const sortedText = customType<{ data: string }>({ dataType: () => 'text collate "C"' });

export const vectorCollections = storage.table(
  "vector_collections",
  {
    collectionId: uuid("collection_id").primaryKey(),
    ...ownerColumns(),
    name: text("name").notNull(),
    dimension: integer("dimension").notNull(),
    metric: text("metric", { enum: metrics }).notNull(),
    creatorUserId: uuid("creator_user_id").notNull(),
    createTime: timestamp("create_time", { withTimezone: true }).notNull().defaultNow(),
    vectorCount: count("vector_count").notNull().default(0),
    /** Counts the changes of the vectors. Each change locks this row. */
    revision: count("revision").notNull().default(0),
    /** Deletions up to this revision are forgotten. */
    forgottenRevision: count("forgotten_revision").notNull().default(0),
    /** Revision that pgvector's table has; null without one. Another one than `revision` is out of date. */
    indexRevision: count("index_revision"),
    /** Whether pgvector's table has its indexes. */
    isIndexed: boolean("is_indexed").notNull().default(false),
  },
  (table) => [
    unique("vector_collections_name_unique").on(table.orgId, table.namespace, table.name),
    check("vector_collections_dimension_range", sql.raw("dimension between 1 and 16000")),
    check(
      "vector_collections_metric_known",
      sql.raw(`metric in (${metrics.map((name) => `'${name}'`).join(", ")})`),
    ),
    index("vector_collections_create_time").on(table.orgId, table.createTime, table.collectionId),
    index("vector_collections_namespace").on(
      table.orgId,
      table.namespace,
      table.createTime,
      table.collectionId,
    ),
    index("vector_collections_name").on(table.orgId, byCodePoints(table.name), table.collectionId),
    index("vector_collections_name_search").using("gin", trigrams(table.name)),
  ],
);

/** Vectors. Those of a deleted collection are removed in the background. */
export const vectors = storage.table(
  "vectors",
  {
    orgId: uuid("org_id").notNull(),
    collectionId: uuid("collection_id").notNull(),
    vectorId: sortedText("vector_id").notNull(),
    /** float32, little-endian. */
    values: bytea("values").notNull(),
    metadata: jsonb("metadata").notNull(),
    /** Revision of the collection that wrote it. */
    revision: count("revision").notNull(),
  },
  (table) => [
    primaryKey({ name: "vectors_pk", columns: [table.collectionId, table.vectorId] }),
    index("vectors_revision").on(table.collectionId, table.revision, table.vectorId),
  ],
);

/** Deleted vectors, for caches in other processes, which read what has changed since their revision. */
export const deletedVectors = storage.table(
  "deleted_vectors",
  {
    orgId: uuid("org_id").notNull(),
    collectionId: uuid("collection_id").notNull(),
    vectorId: sortedText("vector_id").notNull(),
    revision: count("revision").notNull(),
    deleteTime: timestamp("delete_time", { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    primaryKey({
      name: "deleted_vectors_pk",
      columns: [table.collectionId, table.revision, table.vectorId],
    }),
    index("deleted_vectors_time").on(table.deleteTime),
  ],
);

/** Deleted collections whose vectors are still there. */
export const deletedCollections = storage.table("deleted_collections", {
  collectionId: uuid("collection_id").primaryKey(),
  orgId: uuid("org_id").notNull(),
});
