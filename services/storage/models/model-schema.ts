import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  primaryKey,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { ownerColumns } from "../../lib/database/scope.ts";
import { byCodePoints, trigrams } from "../../lib/list/list-index.ts";
import { files, storage } from "../schema.ts";

export const versionStates = ["pending", "ready", "failed"] as const;
export const modelStages = ["development", "staging", "production", "archived"] as const;
export const modelFormats = [
  "other",
  "onnx",
  "safetensors",
  "gguf",
  "hdf5",
  "zip",
  "pytorch",
  "pickle",
] as const;
export const modelSafeties = ["unknown", "safe", "unsafe"] as const;
export const modelEventKinds = [
  "registered",
  "ready",
  "failed",
  "stage_set",
  "alias_set",
  "alias_deleted",
  "version_deleted",
] as const;

export type Signature = {
  readonly inputs: readonly SignatureField[];
  readonly outputs: readonly SignatureField[];
};
type SignatureField = { readonly name: string; readonly type: string };
export type Texts = Readonly<Record<string, string>>;

const moment = (name: string) => timestamp(name, { withTimezone: true }).notNull().defaultNow();
const oneOf = (column: string, words: readonly string[]) =>
  sql.raw(`${column} in (${words.map((word) => `'${word}'`).join(", ")})`);

/** Models. The number of the highest version serializes registrations by the lock on its row. */
export const models = storage.table(
  "models",
  {
    modelId: uuid("model_id").primaryKey(),
    ...ownerColumns(),
    modelName: text("model_name").notNull(),
    displayName: text("display_name").notNull().default(""),
    description: text("description").notNull().default(""),
    tags: jsonb("tags").$type<Texts>().notNull().default({}),
    /** Name, display name, description and tags, for the search. */
    searchText: text("search_text").notNull(),
    latestVersion: integer("latest_version").notNull().default(0),
    creatorUserId: uuid("creator_user_id").notNull(),
    createTime: moment("create_time"),
    updateTime: moment("update_time"),
    revision: integer("revision").notNull().default(1),
  },
  (table) => [
    unique("models_name_unique").on(table.orgId, table.namespace, table.modelName),
    index("models_create_time").on(table.orgId, table.createTime, table.modelId),
    index("models_namespace").on(table.orgId, table.namespace, table.createTime, table.modelId),
    index("models_name").on(table.orgId, byCodePoints(table.modelName), table.modelId),
    index("models_name_search").using("gin", trigrams(table.modelName)),
    index("models_text_search").using("gin", trigrams(table.searchText)),
  ],
);

export const modelVersions = storage.table(
  "model_versions",
  {
    modelVersionId: uuid("model_version_id").primaryKey(),
    ...ownerColumns(),
    modelId: uuid("model_id").notNull(),
    version: integer("version").notNull(),
    state: text("state", { enum: versionStates }).notNull(),
    /** Cause of a failure. */
    stateMessage: text("state_message").notNull().default(""),
    stage: text("stage", { enum: modelStages }).notNull().default("development"),
    stageTime: timestamp("stage_time", { withTimezone: true }),
    description: text("description").notNull().default(""),
    card: text("card").notNull().default(""),
    algorithm: text("algorithm").notNull().default(""),
    /** Doubles as text: JSON has no NaN, and jsonb has no negative zero. */
    metrics: jsonb("metrics").$type<Texts>().notNull().default({}),
    parameters: jsonb("parameters").$type<Texts>().notNull().default({}),
    tags: jsonb("tags").$type<Texts>().notNull().default({}),
    signature: jsonb("signature").$type<Signature>(),
    manifestSha256: text("manifest_sha256").notNull(),
    fileCount: integer("file_count").notNull(),
    sizeBytes: bigint("size_bytes", { mode: "number" }).notNull(),
    /** Null until it is ready, like the safety. */
    format: text("format", { enum: modelFormats }),
    safety: text("safety", { enum: modelSafeties }),
    stagingJobId: uuid("staging_job_id"),
    datasetIds: jsonb("dataset_ids").$type<readonly string[]>().notNull().default([]),
    /** Whether its lineage has to be recorded, once it is ready. */
    lineagePending: boolean("lineage_pending").notNull(),
    creatorUserId: uuid("creator_user_id").notNull(),
    createTime: moment("create_time"),
    updateTime: moment("update_time"),
    readyTime: timestamp("ready_time", { withTimezone: true }),
    revision: integer("revision").notNull().default(1),
  },
  (table) => [
    check("model_versions_state_known", oneOf("state", versionStates)),
    check("model_versions_stage_known", oneOf("stage", modelStages)),
    check("model_versions_format_known", oneOf("format", modelFormats)),
    check("model_versions_safety_known", oneOf("safety", modelSafeties)),
    check("model_versions_ready_complete", sql.raw("(state = 'ready') = (ready_time is not null)")),
    check("model_versions_manifest_sha256_form", sql.raw("manifest_sha256 ~ '^[0-9a-f]{64}$'")),
    check("model_versions_stage_ready", sql.raw("stage = 'development' or state = 'ready'")),
    unique("model_versions_number_unique").on(table.modelId, table.version),
    uniqueIndex("model_versions_one_production").on(table.modelId).where(sql`stage = 'production'`),
    index("model_versions_pending").on(table.createTime).where(sql`state = 'pending'`),
    index("model_versions_lineage").on(table.readyTime).where(sql`lineage_pending and state = 'ready'`),
    foreignKey({
      name: "model_versions_model_exists",
      columns: [table.modelId],
      foreignColumns: [models.modelId],
    }),
  ],
);

/** The files of versions. A row refers to its stored file, which therefore can't be deleted alone. */
export const modelVersionFiles = storage.table(
  "model_version_files",
  {
    modelVersionId: uuid("model_version_id").notNull(),
    path: text("path").notNull(),
    sha256: text("sha256").notNull(),
    sizeBytes: bigint("size_bytes", { mode: "number" }).notNull(),
    /** Null until it has arrived. */
    fileId: uuid("file_id"),
    format: text("format", { enum: modelFormats }),
    safety: text("safety", { enum: modelSafeties }),
    findings: jsonb("findings").$type<readonly string[]>().notNull().default([]),
    downloadCount: bigint("download_count", { mode: "number" }).notNull().default(0),
  },
  (table) => [
    primaryKey({ name: "model_version_files_key", columns: [table.modelVersionId, table.path] }),
    check("model_version_files_format_known", oneOf("format", modelFormats)),
    check("model_version_files_safety_known", oneOf("safety", modelSafeties)),
    index("model_version_files_file").on(table.fileId),
    foreignKey({
      name: "model_version_files_version_exists",
      columns: [table.modelVersionId],
      foreignColumns: [modelVersions.modelVersionId],
    }).onDelete("cascade"),
    foreignKey({
      name: "model_version_files_file_exists",
      columns: [table.fileId],
      foreignColumns: [files.fileId],
    }),
  ],
);

/** Aliases. The database refuses to delete a version that has one. */
export const modelAliases = storage.table(
  "model_aliases",
  {
    modelId: uuid("model_id").notNull(),
    alias: text("alias").notNull(),
    version: integer("version").notNull(),
    userId: uuid("user_id").notNull(),
    setTime: moment("set_time"),
  },
  (table) => [
    primaryKey({ name: "model_aliases_key", columns: [table.modelId, table.alias] }),
    index("model_aliases_version").on(table.modelId, table.version),
    foreignKey({
      name: "model_aliases_version_exists",
      columns: [table.modelId, table.version],
      foreignColumns: [modelVersions.modelId, modelVersions.version],
    }),
  ],
);

/** What happened to models. Rows are only inserted, in the transaction of what they describe. */
export const modelEvents = storage.table(
  "model_events",
  {
    eventId: uuid("event_id").primaryKey(),
    ...ownerColumns(),
    modelId: uuid("model_id").notNull(),
    kind: text("kind", { enum: modelEventKinds }).notNull(),
    version: integer("version").notNull(),
    alias: text("alias").notNull().default(""),
    previousVersion: integer("previous_version").notNull().default(0),
    stage: text("stage", { enum: modelStages }),
    previousStage: text("previous_stage", { enum: modelStages }),
    comment: text("comment").notNull().default(""),
    /** Null if the service did it. */
    userId: uuid("user_id"),
    createTime: moment("create_time"),
  },
  (table) => [
    check("model_events_kind_known", oneOf("kind", modelEventKinds)),
    index("model_events_create_time").on(table.modelId, table.createTime, table.eventId),
    foreignKey({
      name: "model_events_model_exists",
      columns: [table.modelId],
      foreignColumns: [models.modelId],
    }).onDelete("cascade"),
  ],
);
