import { expect, test } from "vitest";
import { principal } from "../lib/test-mesh.ts";
import { chunkPart, failureOf, filesIn, openUpload, startStorage, usage, usageOf } from "./fixtures.ts";

const never = 2 ** 30;

test("OK: a slow upload outlives what a dead one would not, by its heartbeat", async () => {
  await using storage = await startStorage({ heartbeatMs: 10, heartbeatLostMs: 500, collectMs: 10 });
  const { sql } = storage.database;
  const who = principal();
  const running = openUpload(storage, who, { sizeBytes: 4n });
  await expect.poll(() => usageOf(storage, who)).toEqual(usage(0, 0, 4));
  const [begun] = await sql`select heartbeat_time from storage.reservations`;
  const isOld = async () => {
    const [row] = await sql`select heartbeat_time - ${begun?.heartbeat_time} > interval '1 second' as old
      from storage.reservations`;
    return row?.old;
  };
  await expect.poll(isOld, { timeout: 10_000 }).toBe(true);
  running.send(chunkPart(Buffer.from("four")));
  running.end();
  expect(await running.answer).toMatchObject({ sizeBytes: 4n });
  expect(await usageOf(storage, who)).toEqual(usage(4, 1));
});

test("OK: an upload whose heartbeats the database missed is not taken for dead by its own process", async () => {
  await using storage = await startStorage({ heartbeatMs: never, collectMs: 10 });
  const { sql } = storage.database;
  const who = principal();
  const running = openUpload(storage, who, { sizeBytes: 4n });
  await expect.poll(() => usageOf(storage, who)).toEqual(usage(0, 0, 4));
  await sql.begin(async (tx) => {
    await tx`update storage.reservations set heartbeat_time = now() - interval '1 hour'`;
    const [row] = await tx`select pg_backend_pid() as pid`;
    const waiting = () => sql`select 1 from pg_stat_activity where ${row?.pid} = any(pg_blocking_pids(pid))`;
    await expect.poll(async () => (await waiting()).length).toBeGreaterThan(0);
  });
  running.send(chunkPart(Buffer.from("four")));
  running.end();
  expect(await running.answer).toMatchObject({ sizeBytes: 4n });
});

test("Unavailable: an upload that was taken for dead does not commit, and nothing of it is left", async () => {
  await using storage = await startStorage({ heartbeatMs: never, collectMs: 10 });
  const { sql } = storage.database;
  const who = principal();
  const running = openUpload(storage, who, { sizeBytes: 4n });
  await expect.poll(() => usageOf(storage, who)).toEqual(usage(0, 0, 4));
  // The row looks like one of another process whose heartbeats stopped a minute ago.
  await sql`
    create function storage.stop_beats() returns trigger language plpgsql as
    $$ begin new.heartbeat_time := now() - interval '1 minute'; return new; end $$`;
  await sql`create trigger stop_beats before update on storage.reservations
    for each row execute function storage.stop_beats()`;
  await sql`update storage.reservations set heartbeat_time = now()`;
  await expect.poll(() => usageOf(storage, who)).toEqual(usage(0, 0));
  await expect.poll(() => filesIn(storage.directory)).toEqual([]);
  running.send(chunkPart(Buffer.from("four")));
  running.end();
  expect(await failureOf(running.answer)).toEqual({
    code: "Unavailable",
    reason: "UPSTREAM_UNAVAILABLE",
    metadata: {},
  });
  await expect(running.answer).rejects.toThrow("the upload was interrupted for too long");
  expect(await usageOf(storage, who)).toEqual(usage(0, 0));
});
