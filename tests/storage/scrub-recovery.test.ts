import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { ScrubState } from "../../gen/sluice/storage/v1/scrubs_pb.ts";
import { createTestDatabase } from "../lib/test-database.ts";
import { principal, temporaryFolder } from "../lib/test-mesh.ts";
import { blobPath, generated, kib, startStorageIn, upload } from "./fixtures.ts";
import { completed, eager, scrubsOf, told } from "./scrub-fixtures.ts";
import { spawnStorage } from "./storage-process.ts";

// Starting processes takes long.
vi.setConfig({ testTimeout: 120_000 });

const objects = 12;

test("OK: after kill -9 in the middle, a scrub goes on where it was, and reports everything once", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  const who = principal();
  await using killed = await spawnStorage(database, folder.path);
  const contents = Array.from({ length: objects }, (_, seed) => generated(100 * kib, seed + 1));
  const files = await Promise.all(contents.map((content) => upload(killed, who, { content })));
  const ordered = files.toSorted((one, other) => (one.sha256 < other.sha256 ? -1 : 1));
  const missing = [ordered[0], ordered.at(-1)].filter((file) => file !== undefined);
  for (const { sha256 } of missing) await rm(join(folder.path, blobPath(who, sha256)));
  // So slow that its first heartbeat, after five seconds, finds it in the middle.
  const { scrub } = await scrubsOf(killed).startScrub({ bytesPerSecond: BigInt(100 * kib) });
  const scrubId = scrub?.scrubId ?? "";
  const checked = async () => Number((await scrubsOf(killed).getScrub({ scrubId })).scrub?.objectCount);
  await expect.poll(checked, { timeout: 60_000 }).toBeGreaterThan(0);
  const before = await checked();
  await killed.kill();
  expect(before).toBeLessThan(objects);
  await database.sql`update storage.scrubs set bytes_per_second = 1e12`;

  await using one = await startStorageIn(database, folder.path, eager);
  await using _other = await startStorageIn(database, folder.path, eager);
  const { scrub: report, findings } = await completed(one, scrubId);
  expect(report).toMatchObject({
    state: ScrubState.COMPLETED,
    objectCount: BigInt(objects),
    missingCount: BigInt(missing.length),
  });
  expect(told(findings)).toEqual(
    missing.map(({ sha256, fileId }) => ({ kind: "MISSING", sha256, fileIds: [fileId], repaired: false })),
  );
  // Nothing is read twice, but what was read when the process died.
  expect(Number(report.readBytes)).toBeLessThanOrEqual((objects + 1) * 100 * kib);
});

test("OK: scrubs start by schedule, one at a time in two processes", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  const settings = { scrubSchedule: { intervalMs: 100, bytesPerSecond: 2 ** 40 } };
  const start = () => startStorageIn(database, folder.path, eager, undefined, undefined, settings);
  await using one = await start();
  await using _other = await start();
  await upload(one, principal(), { content: generated(1000, 99) });
  const scheduled = async () => {
    const { scrubs } = await scrubsOf(one).listScrubs({});
    return scrubs.filter(({ scheduled, state }) => scheduled && state === ScrubState.COMPLETED).length;
  };
  await expect.poll(scheduled, { timeout: 60_000 }).toBeGreaterThan(2);
  // Times of rows can overlap although the scrubs do not: a row's time is from before it waited for the former scrub's end.
  const addRunning = () => database.sql`
    insert into storage.scrubs (scrub_id, scheduled, bytes_per_second, state)
    values (gen_random_uuid(), true, 1e12, 'running')`;
  await expect(Promise.all([addRunning(), addRunning()])).rejects.toThrow("scrubs_one_running");
});
