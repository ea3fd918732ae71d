import { expect, test } from "vitest";
import { QuotaService } from "../../gen/sluice/storage/v1/quota_pb.ts";
import { forFile } from "../lib/for-file.ts";
import type { TestDatabase } from "../lib/test-database.ts";
import { principal } from "../lib/test-mesh.ts";
import { chunkPart, openUpload, startStorage, startStorageIn, upload, usage, usageOf } from "./fixtures.ts";

/** Looks for due work and reports events all the time. */
const eager = { scheduleMs: 10, collectMs: 10 };

const scene = forFile(async () => {
  await using stack = new AsyncDisposableStack();
  const own = stack.use(await startStorage(eager));
  const neighbour = stack.use(await startStorageIn(own.database, own.directory, eager));
  const owned = stack.move();
  return { own, neighbour, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
});

/** Makes a recount due and waits for its end. Returns the number of recounts so far. */
async function recount({ sql }: TestDatabase): Promise<number> {
  const jobs = async () => {
    const [row] = await sql`
      select count(*)::int as added, count(*) filter (where state = 'completed')::int as ended
      from storage_jobs.job where name = 'recount'`;
    return { added: Number(row?.added), ended: Number(row?.ended) };
  };
  const before = await jobs();
  await sql`update storage.schedules set next_time = now() where name = 'recount'`;
  await expect.poll(async () => (await jobs()).ended, { timeout: 20_000 }).toBeGreaterThan(before.ended);
  return (await jobs()).added;
}

test("OK: counters that are wrong are corrected, shown and recorded, and right ones are left alone", async () => {
  const { own } = scene();
  const { sql } = own.database;
  const [wrong, right] = [principal(), principal()];
  for (const who of [wrong, right]) await upload(own, who, { content: "four" });
  const running = openUpload(own, wrong, { sizeBytes: 10n });
  await expect.poll(() => usageOf(own, wrong)).toEqual(usage(4, 1, 10));
  await sql`update storage.quotas set used_bytes = 104, file_count = 3 where org_id = ${wrong.orgId}`;
  await sql`update storage.namespace_quotas set used_bytes = 0, reserved_bytes = 12 where org_id = ${wrong.orgId}`;
  await recount(own.database);
  const usageIn = (who: typeof wrong, namespace: string) =>
    own.client(QuotaService, who).getUsage({ namespace });
  expect(await usageIn(wrong, "")).toMatchObject({
    usedBytes: 4n,
    reservedBytes: 10n,
    fileCount: 1n,
    driftBytes: 100n,
    driftFiles: 2n,
    recountTime: expect.anything(),
  });
  expect(await usageIn(wrong, "default")).toMatchObject({
    usedBytes: 4n,
    reservedBytes: 10n,
    fileCount: 1n,
    driftBytes: -2n,
    driftFiles: 0n,
  });
  expect(await usageIn(right, "")).toMatchObject({ usedBytes: 4n, driftBytes: 0n, driftFiles: 0n });
  const events = await sql`
    select org_id, namespace, kind, used_bytes::int, used_files::int, reserved_bytes::int, reserved_files::int
    from storage.quota_events order by namespace`;
  const common = { org_id: wrong.orgId, kind: "drift", reserved_files: 0 };
  expect([...events]).toEqual([
    { ...common, namespace: "", used_bytes: 100, used_files: 2, reserved_bytes: 0 },
    { ...common, namespace: "default", used_bytes: -4, used_files: 0, reserved_bytes: 2 },
  ]);
  const unreported = () => sql`select from storage.quota_events where report_time is null`;
  await expect.poll(unreported).toEqual([]);
  running.send(chunkPart(Buffer.alloc(10)));
  running.end();
  await running.answer;
  await recount(own.database);
  expect(await usageIn(wrong, "")).toMatchObject({ usedBytes: 14n, driftBytes: 0n, driftFiles: 0n });
});

test("OK: a namespace whose counters are missing gets them", async () => {
  const { own } = scene();
  const who = principal();
  await upload(own, who, { content: "four" });
  await own.database.sql`delete from storage.namespace_quotas where org_id = ${who.orgId}`;
  await recount(own.database);
  const counted = await own.client(QuotaService, who).getUsage({ namespace: "default" });
  expect(counted).toMatchObject({ usedBytes: 4n, fileCount: 1n, driftBytes: -4n, driftFiles: -1n });
});

test("OK: one of two processes recounts each time", async () => {
  const { database } = scene().own;
  const first = await recount(database);
  expect([await recount(database), await recount(database)]).toEqual([first + 1, first + 2]);
});
