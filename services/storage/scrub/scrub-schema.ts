import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  index,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { storage } from "../schema.ts";

const time = (name: string) => timestamp(name, { withTimezone: true });
const createTime = () => time("create_time").notNull().defaultNow();
const counter = (name: string) => bigint(name, { mode: "number" }).notNull().default(0);

export const scrubStates = ["running", "completed"] as const;
export const findingKinds = ["corrupt", "wrong_size", "missing", "unknown"] as const;

const oneOf = (column: string, words: readonly string[]) =>
  sql.raw(`${column} in (${words.map((word) => `'${word}'`).join(", ")})`);

/** Scrubs of everything that is stored, in every organisation. */
export const scrubs = storage.table(
  "scrubs",
  {
    scrubId: uuid("scrub_id").primaryKey(),
    state: text("state", { enum: scrubStates }).notNull().default("running"),
    /** Whether the schedule started it. */
    scheduled: boolean("scheduled").notNull(),
    creatorUserId: uuid("creator_user_id"),
    bytesPerSecond: bigint("bytes_per_second", { mode: "number" }).notNull(),
    createTime: createTime(),
    endTime: time("end_time"),
    objectCount: counter("object_count"),
    readBytes: counter("read_bytes"),
    /** The last object that was checked; null before the first one. */
    orgId: uuid("org_id"),
    sha256: text("sha256"),
    /** The attempt that runs it, and when it was alive last. Only this attempt may write the row. */
    attemptId: uuid("attempt_id"),
    heartbeatTime: time("heartbeat_time"),
  },
  (table) => [
    check("scrubs_state_known", oneOf("state", scrubStates)),
    uniqueIndex("scrubs_one_running").on(table.state).where(sql`state = 'running'`),
    index("scrubs_create_time").on(table.createTime, table.scrubId),
  ],
);

export const scrubFindings = storage.table(
  "scrub_findings",
  {
    findingId: uuid("finding_id").primaryKey(),
    scrubId: uuid("scrub_id")
      .notNull()
      .references(() => scrubs.scrubId, { onDelete: "cascade" }),
    kind: text("kind", { enum: findingKinds }).notNull(),
    orgId: uuid("org_id").notNull(),
    sha256: text("sha256").notNull(),
    /** Some of the files that need it. */
    fileIds: uuid("file_ids").array().notNull(),
    fileCount: counter("file_count"),
    repaired: boolean("repaired").notNull(),
    createTime: createTime(),
  },
  (table) => [
    check("scrub_findings_kind_known", oneOf("kind", findingKinds)),
    // A scrub that is continued after a crash checks its last objects again.
    unique("scrub_findings_once").on(table.scrubId, table.orgId, table.sha256),
    index("scrub_findings_create_time").on(table.scrubId, table.createTime, table.findingId),
  ],
);
