import { foreignKey, index, primaryKey, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { files, storage } from "../schema.ts";

/** Files on legal hold. The foreign key keeps their rows. */
export const fileHolds = storage.table(
  "file_holds",
  {
    fileId: uuid("file_id").primaryKey(),
    orgId: uuid("org_id").notNull(),
    /** For people. */
    reason: text("reason").notNull(),
    creatorUserId: uuid("creator_user_id").notNull(),
    createTime: timestamp("create_time", { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    foreignKey({ name: "file_holds_file_fk", columns: [table.fileId], foreignColumns: [files.fileId] }),
    index("file_holds_org_id").on(table.orgId),
  ],
);

/** Staged files of packages that approval has not released yet. The foreign key keeps their rows. */
export const packageHolds = storage.table(
  "package_holds",
  {
    orgId: uuid("org_id").notNull(),
    packageId: uuid("package_id").notNull(),
    fileId: uuid("file_id").notNull(),
    createTime: timestamp("create_time", { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ name: "package_holds_key", columns: [table.orgId, table.packageId, table.fileId] }),
    foreignKey({ name: "package_holds_file_fk", columns: [table.fileId], foreignColumns: [files.fileId] }),
    index("package_holds_file_id").on(table.fileId),
  ],
);
