import { integer, timestamp } from "drizzle-orm/pg-core";

export const time = (name: string) => timestamp(name, { withTimezone: true });
export const createTime = () => time("create_time").notNull().defaultNow();
export const updateTime = () => time("update_time").notNull().defaultNow();
export const revision = () => integer("revision").notNull().default(1);
