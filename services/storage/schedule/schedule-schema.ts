import { text, timestamp } from "drizzle-orm/pg-core";
import { storage } from "../schema.ts";

/** When periodic work is due next. The rows are shared by all processes of the service. */
export const schedules = storage.table("schedules", {
  name: text("name").primaryKey(),
  nextTime: timestamp("next_time", { withTimezone: true }).notNull(),
});
