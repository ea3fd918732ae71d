import { utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  blobPath,
  download,
  failureOf,
  filesIn,
  generated,
  kib,
  setQuota,
  startStorage,
  upload,
  usage,
  usageOf,
} from "./fixtures.ts";

const storage = forFile(startStorage);

test("OK: uploads at once share transactions, and each is the file that was sent", async () => {
  const who = principal();
  const { sql } = storage().database;
  const contents = Array.from({ length: 40 }, (_, seed) => generated(4 * kib + seed, 1000 + seed));
  const uploads = await sql.begin(async (tx) => {
    // The first batches wait here, and later uploads form the next batch.
    await tx`lock table storage.files in exclusive mode`;
    const [row] = await tx`select pg_backend_pid() as pid`;
    const started = contents.map((content, at) => upload(storage(), who, { content, name: `${at}.csv` }));
    const waiting = () => sql`select 1 from pg_stat_activity where ${row?.pid} = any(pg_blocking_pids(pid))`;
    await expect.poll(async () => (await waiting()).length).toBe(2);
    return started;
  });
  const files = await Promise.all(uploads);
  for (const [at, { fileId, name, sizeBytes }] of files.entries()) {
    expect([name, sizeBytes]).toEqual([`${at}.csv`, BigInt(4 * kib + at)]);
    const { bytes } = await download(storage(), who, { fileId });
    expect(bytes.equals(contents[at] ?? Buffer.alloc(0))).toBe(true);
  }
  const [counted] = await sql`
    select count(distinct xmin::text)::int as transactions from storage.files where org_id = ${who.orgId}`;
  expect(counted?.transactions).toBeLessThan(40);
  const total = contents.reduce((sum, { length }) => sum + length, 0);
  expect(await usageOf(storage(), who)).toEqual(usage(total, 40));
});

test("ResourceExhausted: those that a quota has no room for, and none of the others", async () => {
  const who = principal();
  await setQuota(storage(), who, 550);
  const uploads = Array.from({ length: 12 }, (_, seed) =>
    upload(storage(), who, { content: generated(100, 2000 + seed) }),
  );
  const outcomes = await Promise.allSettled(uploads);
  const refused = uploads.filter((_, at) => outcomes[at]?.status === "rejected");
  expect(refused).toHaveLength(7);
  for (const failure of await Promise.all(refused.map(failureOf)))
    expect(failure).toMatchObject({ reason: "QUOTA_EXCEEDED" });
  expect(await usageOf(storage(), who)).toEqual(usage(500, 5));
});

test("OK: one content many times at once is stored once in each organisation", async () => {
  await using own = await startStorage();
  const [one, two] = [principal(), principal()];
  const content = generated(kib, 3000);
  const files = await Promise.all(
    Array.from({ length: 10 }, (_, at) => upload(own, at % 2 === 0 ? one : two, { content })),
  );
  const { sha256 = "" } = files[0] ?? {};
  const paths = [blobPath(one, sha256), blobPath(two, sha256)].sort();
  expect(await filesIn(own.directory)).toEqual(paths);
  expect([await usageOf(own, one), await usageOf(own, two)]).toEqual([usage(5 * kib, 5), usage(5 * kib, 5)]);
});

test("OK: what a process that died in the middle of a small upload has left is removed, and no younger one", async () => {
  await using own = await startStorage({ collectMs: 10, heartbeatLostMs: 60_000 });
  const [old, young] = ["old", "young"].map((name) => join(own.directory, "tmp", `${name}.small`));
  if (!old || !young) throw new Error("no path");
  await writeFile(young, "on its way");
  await writeFile(old, "left");
  const longAgo = new Date(Date.now() - 120_000);
  await utimes(old, longAgo, longAgo);
  await expect.poll(() => filesIn(own.directory)).toEqual(["tmp/young.small"]);
});
