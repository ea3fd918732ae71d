import fc from "fast-check";
import { expect, test } from "vitest";
import { newId } from "../../services/lib/values/ids.ts";
import { failureOf } from "./failure-of.ts";
import { forFile } from "./for-file.ts";
import { request, startThings, type Thing, thingList } from "./things-list.ts";

const scene = forFile(startThings);

const epoch = Date.UTC(2026, 0, 1);
const times = fc.integer({ min: 0, max: 2 }).map((offset) => new Date(epoch + offset));
const rows: fc.Arbitrary<Thing[]> = fc.array(
  fc.record({
    thingId: fc.constant("").map(newId),
    name: fc.constantFrom("", "a", "B", "ä", "\uffff", "😀"),
    state: fc.constant("draft"),
    roles: fc.constant([]),
    size: fc.constantFrom(-1n, 0n, 9_007_199_254_740_993n),
    active: fc.boolean(),
    createTime: times,
    endTime: fc.option(times),
  }),
  { maxLength: 12 },
);
const orders = fc
  .uniqueArray(
    fc.tuple(fc.constantFrom("create_time", "end_time", "name", "size"), fc.constantFrom("asc", "desc")),
    { maxLength: 3, selector: ([field]) => field },
  )
  .map((terms) => terms.map((term) => term.join(" ")).join(", "));

const late = Number.POSITIVE_INFINITY;

/** The values that order a row. A time that is unset is later than every other. */
const values: Record<string, (row: Thing) => number | bigint | Buffer> = {
  create_time: ({ createTime }) => createTime.getTime(),
  end_time: ({ endTime }) => endTime?.getTime() ?? late,
  name: ({ name }) => Buffer.from(name),
  size: ({ size }) => size,
};

function compare(left: number | bigint | Buffer, right: number | bigint | Buffer): number {
  if (left instanceof Buffer && right instanceof Buffer) return Buffer.compare(left, right);
  return left < right ? -1 : Number(left > right);
}

function sorted(all: readonly Thing[], order: string): Thing[] {
  const terms = (order || "create_time desc").split(", ").map((term) => term.split(" "));
  const sign = terms.at(-1)?.[1] === "desc" ? -1 : 1;
  return all.toSorted((one, other) => {
    for (const [field = "", direction] of terms) {
      const value = values[field];
      const result = value ? compare(value(one), value(other)) : 0;
      if (result !== 0) return direction === "desc" ? -result : result;
    }
    return sign * compare(Buffer.from(one.thingId), Buffer.from(other.thingId));
  });
}

const idsOf = (some: readonly Thing[]) => some.map(({ thingId }) => thingId);

test("OK: pages of any order have every row once, although the last row of each page is removed", async () => {
  const { db, fill, remove } = scene();
  await fc.assert(
    fc.asyncProperty(rows, orders, fc.integer({ min: 1, max: 4 }), async (all, orderBy, pageSize) => {
      await fill(all);
      const seen: string[] = [];
      let pageToken = "";
      do {
        const page = await thingList.read(db, request({ orderBy, pageSize, pageToken }), undefined);
        expect(page.rows.length).toBeLessThanOrEqual(pageSize);
        seen.push(...idsOf(page.rows));
        await remove(seen.at(-1) ?? newId());
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
      expect(seen, orderBy).toEqual(idsOf(sorted(all, orderBy)));
    }),
    { numRuns: 80 },
  );
});

test("OK: rows of one millisecond that differ by a microsecond are on one page each", async () => {
  const { db, fill } = scene();
  const [one, other] = [newId(), newId()];
  const row = {
    name: "",
    state: "draft",
    roles: [],
    size: 0n,
    active: true,
    createTime: new Date(epoch),
    endTime: null,
  };
  await fill([one, other].map((thingId) => ({ ...row, thingId })));
  await db.execute(
    `update things set create_time = create_time + interval '1 microsecond' where thing_id = '${one}'`,
  );
  const first = await thingList.read(db, request({ pageSize: 1 }), undefined);
  const { nextPageToken: pageToken } = first;
  const second = await thingList.read(db, request({ pageSize: 1, pageToken }), undefined);
  expect([idsOf(first.rows), idsOf(second.rows), second.nextPageToken]).toEqual([[one], [other], ""]);
});

test("OK: the total ends at 10000", async () => {
  const { db } = scene();
  const insert = (count: number, from: number) =>
    db.execute(`insert into things select gen_random_uuid(), 'many', 'draft', '{}', n, true, now(), null
      from generate_series(${from}, ${from + count - 1}) as n`);
  const totalOf = async () => {
    const { totalSize, totalSizeExceeded } = await thingList.read(
      db,
      request({ filter: "name = many" }),
      undefined,
    );
    return [totalSize, totalSizeExceeded];
  };
  await insert(10_000, 0);
  expect(await totalOf()).toEqual([10_000, false]);
  await insert(1, 10_000);
  expect(await totalOf()).toEqual([10_000, true]);
});

test.each([
  ["sise", 'unknown field "sise", not one of create_time, end_time, name, size,', 1],
  ["name, active", 'unknown field "active"', 7],
  ["name,", 'unknown field ""', 6],
  ["name up", '"name up" is not a field', 1],
  ["name desc desc", "is not a field, or a field and asc or desc", 1],
  ["name, name desc", '"name desc" repeats a field', 6],
  ["name; drop table things", 'unknown field "name;"', 1],
  ["__proto__", "unknown field", 1],
])("InvalidArgument: %j", async (orderBy, problem, position) => {
  const failure = await thingList
    .read(scene().db, request({ orderBy }), undefined)
    .catch((error: unknown) => error);
  expect(String(failure)).toContain(problem);
  expect(await failureOf(Promise.reject(failure))).toEqual({
    code: "InvalidArgument",
    reason: "FILTER_INVALID",
    metadata: { field: "order_by", position: String(position) },
    fields: ["order_by"],
  });
});
