import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { openPool } from "../../services/lib/database/database.ts";
import { createPreparation, prepared } from "../../services/lib/database/prepared-statements.ts";
import { createTestDatabase } from "./test-database.ts";

const text = (number: number): string => `/* prepared */ select ${number}`;

test("OK: marked statements are prepared, once for each connection, and others are not", async () => {
  await using database = await createTestDatabase();
  const pool = { url: database.urls.storage, service: "storage", name: "test", connectionsMax: 1 };
  await using opened = openPool(pool);
  const { db } = opened;
  for (const number of [1, 2, 3]) {
    expect(await db.execute(sql`${prepared}select ${number}::int as number`)).toEqual([{ number }]);
    expect(await db.execute(sql`select ${number}::int + 1 as number`)).toEqual([{ number: number + 1 }]);
  }
  const kept = await db.execute(
    sql`select statement from pg_prepared_statements where statement like '%as number'`,
  );
  expect(kept).toEqual([{ statement: "/* prepared */ select $1::int as number" }]);
});

test("OK: the first texts of a period are prepared, so that many different ones don't fill the server's memory", () => {
  let nowMs = 0;
  const isPrepared = createPreparation(() => nowMs);
  const several = Array.from({ length: 100 }, (_, index) => text(index));
  expect(several.filter(isPrepared)).toEqual(several.slice(0, 64));
  expect(several.filter(isPrepared)).toEqual(several.slice(0, 64));
  nowMs += 60 * 60 * 1000;
  expect(isPrepared(text(99))).toBe(true);
  expect(isPrepared("select 1")).toBe(false);
  expect(isPrepared(text(1).padEnd(4097))).toBe(false);
});
