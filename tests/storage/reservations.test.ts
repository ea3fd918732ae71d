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

test("Unavailable: an upload that was taken for dead does not commit, and nothing of it is left", async () => {
  await using storage = await startStorage({ heartbeatMs: never, collectMs: 10 });
  const { sql } = storage.database;
  const who = principal();
  const running = openUpload(storage, who, { sizeBytes: 4n });
  await expect.poll(() => usageOf(storage, who)).toEqual(usage(0, 0, 4));
  // As if the row belonged to another process, whose heartbeats stopped a minute ago.
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
  expect(await usageOf(storage, who)).toEqual(usage(0, 0));
});
