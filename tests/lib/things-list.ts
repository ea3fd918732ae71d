import { bigint, boolean, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { drizzle } from "drizzle-orm/postgres-js";
import * as fields from "../../services/lib/list/fields.ts";
import { listOf } from "../../services/lib/list/list-of.ts";
import { createTestDatabase } from "./test-database.ts";

const things = pgTable("things", {
  thingId: uuid("thing_id").primaryKey(),
  name: text("name").notNull(),
  state: text("state").notNull(),
  roles: text("roles").array().notNull(),
  size: bigint("size", { mode: "bigint" }).notNull(),
  active: boolean("active").notNull(),
  createTime: timestamp("create_time", { withTimezone: true }).notNull(),
  endTime: timestamp("end_time", { withTimezone: true }),
});

export type Thing = typeof things.$inferSelect;

export const states = ["draft", "in_review", "done"];

/** A list with a field of every kind. */
export const thingList = listOf({
  table: things,
  key: fields.idField(things.thingId),
  orderable: {
    create_time: fields.timeField(things.createTime),
    end_time: fields.openTimeField(things.endTime),
    name: fields.textField(things.name),
    size: fields.integerField(things.size),
  },
  filterable: {
    thing_id: fields.idField(things.thingId),
    name: fields.nameField(things.name),
    state: fields.wordField(things.state, states),
    roles: fields.wordsField(things.roles),
    size: fields.integerField(things.size),
    active: fields.booleanField(things.active),
    create_time: fields.timeField(things.createTime),
    end_time: fields.timeField(things.endTime),
  },
});

export async function startThings() {
  const database = await createTestDatabase();
  await database.sql.unsafe(`create table things (thing_id uuid primary key, name text not null, state text not null,
    roles text[] not null, size int8 not null, active boolean not null, create_time timestamptz not null,
    end_time timestamptz)`);
  const db = drizzle({ client: database.sql });
  return {
    db,
    async fill(rows: readonly Thing[]) {
      await db.delete(things);
      if (rows.length > 0) await db.insert(things).values([...rows]);
    },
    remove: (thingId: string) => database.sql`delete from things where thing_id = ${thingId}`,
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

export const request = (given: {
  filter?: string;
  orderBy?: string;
  pageSize?: number;
  pageToken?: string;
}) => ({
  $typeName: "test.ListThingsRequest",
  filter: "",
  orderBy: "",
  pageSize: 1000,
  pageToken: "",
  showTotal: true,
  ...given,
});
