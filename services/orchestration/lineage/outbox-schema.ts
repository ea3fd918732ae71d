import { bigint, index, integer, primaryKey, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { orchestration } from "../schema.ts";

const time = (name: string) => timestamp(name, { withTimezone: true }).notNull().defaultNow();

/** Events of Sluice's own runs that are still to be sent to a receiver. A row is deleted when it was sent. */
export const lineageOutbox = orchestration.table(
  "lineage_outbox",
  {
    receiver: text("receiver").notNull(),
    position: bigint("position", { mode: "bigint" }).generatedAlwaysAsIdentity().notNull(),
    orgId: uuid("org_id").notNull(),
    runId: uuid("run_id").notNull(),
    event: text("event").notNull(),
    attemptCount: integer("attempt_count").notNull().default(0),
    nextTime: time("next_time"),
    createTime: time("create_time"),
  },
  (table) => [
    primaryKey({ name: "lineage_outbox_pk", columns: [table.receiver, table.position] }),
    index("lineage_outbox_run").on(table.receiver, table.runId, table.position),
  ],
);

/** The process that sends to a receiver. */
export const lineageReceivers = orchestration.table("lineage_receivers", {
  receiver: text("receiver").primaryKey(),
  processId: uuid("process_id").notNull(),
  untilTime: time("until_time"),
});
