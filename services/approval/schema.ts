import { type SQL, sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  unique,
  uuid,
} from "drizzle-orm/pg-core";
import { chainsTable } from "../lib/audit/chains.ts";
import { requestsTable } from "../lib/database/idempotency.ts";
import { closedNamespacesTable } from "../lib/database/namespace-gate.ts";
import { ownerColumns } from "../lib/database/scope.ts";
import { byCodePoints, trigrams } from "../lib/list/list-index.ts";
import { states, withManifest } from "./state.ts";

export const approval = pgSchema("approval");

export const requests = requestsTable(approval);

export const closedNamespaces = closedNamespacesTable(approval);
export const chains = chainsTable(approval);

/** A table, or some of its columns, as stored in a project's row. */
export type SelectedTable = { schemaName: string; name: string; columns: string[] };

/** A selected table as found in the catalog, with all columns that will be released. */
export type FoundTable = SelectedTable & { tableId: string };

/** The destination of a release as proto3 JSON. */
export type StoredDestination = { filestore: { name: string; format: string } };

const storedReasons = ["RELEASE_CORRUPT", "QUOTA_EXCEEDED", "DISK_FULL", "PERMISSION_MISSING"] as const;

/** Name of the ErrorReason of a publication that failed. */
export type StoredReason = (typeof storedReasons)[number];

const listed = (values: readonly string[]): string => values.map((value) => `'${value}'`).join(", ");
const sha256 = (column: string): SQL => sql.raw(`${column} ~ '^[0-9a-f]{64}$'`);
const moment = (name: string) => timestamp(name, { withTimezone: true });

export const projects = approval.table(
  "projects",
  {
    projectId: uuid("project_id").primaryKey(),
    ...ownerColumns(),
    displayName: text("display_name").notNull(),
    sourceId: uuid("source_id").notNull(),
    tables: jsonb("tables").$type<SelectedTable[]>().notNull(),
    destination: jsonb("destination").$type<StoredDestination>().notNull(),
    state: text("state", { enum: states }).notNull().default("draft"),
    creatorUserId: uuid("creator_user_id").notNull(),
    createTime: moment("create_time").notNull().defaultNow(),
    updateTime: moment("update_time").notNull().defaultNow(),
    revision: integer("revision").notNull().default(1),
    approvalsRequired: integer("approvals_required").notNull().default(1),
    /** Result of the validation; null before. */
    foundTables: jsonb("found_tables").$type<FoundTable[]>(),
    /** The current or the last package; null if there is none. */
    packageId: uuid("package_id"),
    stagingJobId: uuid("staging_job_id"),
    /** Null until the package is complete. */
    manifestSha256: text("manifest_sha256"),
    submitterUserId: uuid("submitter_user_id"),
    /**
     * Whether the request to storage was sent and not refused. The release may be published then, so nothing but
     * storage stops it.
     */
    releaseAsked: boolean("release_asked").notNull().default(false),
    publishTime: moment("publish_time"),
    lineageRecorded: boolean("lineage_recorded").notNull().default(false),
    errorMessage: text("error_message"),
    /** ErrorReason of a publication that failed or was refused; null if there is none. */
    errorReason: text("error_reason", { enum: storedReasons }),
  },
  (table) => [
    index("projects_create_time").on(table.orgId, table.createTime, table.projectId),
    index("projects_namespace").on(table.orgId, table.namespace, table.createTime, table.projectId),
    index("projects_update_time").on(table.orgId, table.updateTime, table.projectId),
    index("projects_display_name").on(table.orgId, byCodePoints(table.displayName), table.projectId),
    index("projects_state").on(table.orgId, table.state, table.createTime, table.projectId),
    index("projects_display_name_search").using("gin", trigrams(table.displayName)),
    unique("projects_display_name_unique").on(table.orgId, table.namespace, table.displayName),
    check("projects_state_known", sql.raw(`state in (${listed(states)})`)),
    check("projects_approvals_required_range", sql.raw("approvals_required between 1 and 10")),
    check("projects_found_before_packaged", sql.raw("state = 'draft' or found_tables is not null")),
    check("projects_draft_has_no_package", sql.raw("state <> 'draft' or package_id is null")),
    check(
      "projects_manifest_when_packaged",
      sql.raw(
        `state not in (${listed(withManifest)}) or num_nulls(package_id, staging_job_id, manifest_sha256) = 0`,
      ),
    ),
    check(
      "projects_no_manifest_before",
      sql.raw("state not in ('draft', 'validated') or manifest_sha256 is null"),
    ),
    check("projects_manifest_form", sha256("manifest_sha256")),
    check(
      "projects_submitter_in_review",
      sql.raw("state in ('draft', 'validated', 'packaged', 'failed') or submitter_user_id is not null"),
    ),
    check(
      "projects_publish_time_when_published",
      sql.raw("(state = 'published') = (publish_time is not null)"),
    ),
    check(
      "projects_error_when_failed",
      // An approved project may have the reason of a refused publication.
      sql.raw("state = 'approved' or (state = 'failed') = (error_message is not null)"),
    ),
  ],
);

/** Files of a project's package, in the order of its manifest. */
export const packagedFiles = approval.table(
  "packaged_files",
  {
    orgId: uuid("org_id").notNull(),
    projectId: uuid("project_id").notNull(),
    position: integer("position").notNull(),
    schemaName: text("schema_name").notNull(),
    tableName: text("table_name").notNull(),
    /** The staged file in storage. */
    fileId: uuid("file_id").notNull(),
    /** Path in the release. */
    path: text("path").notNull(),
    sha256: text("sha256").notNull(),
    sizeBytes: bigint("size_bytes", { mode: "bigint" }).notNull(),
    rowCount: bigint("row_count", { mode: "bigint" }).notNull(),
  },
  (table) => [
    primaryKey({ name: "packaged_files_pk", columns: [table.projectId, table.position] }),
    unique("packaged_files_path_unique").on(table.projectId, table.path),
    foreignKey({
      name: "packaged_files_project",
      columns: [table.projectId],
      foreignColumns: [projects.projectId],
    }).onDelete("cascade"),
  ],
);

/** Files of a published release, in the order of its manifest. A published project can't be deleted. */
export const publishedFiles = approval.table(
  "published_files",
  {
    orgId: uuid("org_id").notNull(),
    projectId: uuid("project_id").notNull(),
    position: integer("position").notNull(),
    /** The published table. Files of one table share it. */
    datasetId: uuid("dataset_id").notNull(),
    /** The published file in storage. */
    fileId: uuid("file_id").notNull(),
    path: text("path").notNull(),
    sha256: text("sha256").notNull(),
    sha512: text("sha512").notNull(),
    sizeBytes: bigint("size_bytes", { mode: "bigint" }).notNull(),
  },
  (table) => [
    primaryKey({ name: "published_files_pk", columns: [table.projectId, table.position] }),
    unique("published_files_path_unique").on(table.orgId, table.path),
    foreignKey({
      name: "published_files_project",
      columns: [table.projectId],
      foreignColumns: [projects.projectId],
    }),
  ],
);

export const decisions = ["approved", "rejected", "changes_requested"] as const;

/** A reviewer's decision as stored. */
export type StoredDecision = (typeof decisions)[number];

export const reviews = approval.table(
  "reviews",
  {
    reviewId: uuid("review_id").primaryKey(),
    orgId: uuid("org_id").notNull(),
    projectId: uuid("project_id").notNull(),
    decision: text("decision", { enum: decisions }).notNull(),
    manifestSha256: text("manifest_sha256").notNull(),
    reviewerUserId: uuid("reviewer_user_id").notNull(),
    comment: text("comment").notNull(),
    createTime: moment("create_time").notNull().defaultNow(),
  },
  (table) => [
    index("reviews_create_time").on(table.orgId, table.projectId, table.createTime, table.reviewId),
    unique("reviews_decision_unique").on(
      table.projectId,
      table.manifestSha256,
      table.reviewerUserId,
      table.decision,
    ),
    check("reviews_decision_known", sql.raw(`decision in (${listed(decisions)})`)),
    foreignKey({
      name: "reviews_project",
      columns: [table.projectId],
      foreignColumns: [projects.projectId],
    }).onDelete("cascade"),
  ],
);

/** Audit events. A trigger refuses everything but appends. Columns contain the exact texts that were hashed. */
export const events = approval.table(
  "events",
  {
    orgId: uuid("org_id").notNull(),
    /** From 1, without gaps. */
    sequence: bigint("sequence", { mode: "bigint" }).notNull(),
    projectId: uuid("project_id").notNull(),
    type: text("type").notNull(),
    actorUserId: uuid("actor_user_id").notNull(),
    createTime: moment("create_time").notNull(),
    detailsJson: text("details_json").notNull(),
    previousHash: text("previous_hash").notNull(),
    hash: text("hash").notNull(),
  },
  (table) => [
    primaryKey({ name: "events_pk", columns: [table.orgId, table.sequence] }),
    index("events_of_project").on(table.orgId, table.projectId, table.sequence),
    index("events_time").on(table.orgId, table.createTime, table.sequence),
  ],
);
