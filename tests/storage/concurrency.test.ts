import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { deletionSuite } from "./deletion-suite.ts";
import { correctUsage } from "./drift.ts";
import {
  blobPath,
  download,
  failureOf,
  filesIn,
  generated,
  kib,
  setQuota,
  sha256,
  startStorage,
  startStorageIn,
  upload,
  usage,
  usageOf,
} from "./fixtures.ts";
import { removeFile } from "./trash-fixtures.ts";

// Collects continuously and without a grace period.
const storage = forFile(() => startStorage({ graceMs: 0, collectMs: 1, searchMs: 0 }));

test("ResourceExhausted: racing uploads never exceed the quota together, nor waste it", async () => {
  await using own = await startStorage();
  await using neighbour = await startStorageIn(own.database, own.directory);
  // From now on the database itself refuses every state that exceeds the quota.
  await own.database.sql`alter table storage.quotas add check (used_bytes + reserved_bytes <= limit_bytes)`;
  const who = principal();
  const [size, quota] = [100 * kib, 1050 * kib];
  await setQuota(own, who, quota);
  const uploads = Array.from({ length: 40 }, (_, index) =>
    upload(index % 2 === 0 ? own : neighbour, who, {
      content: generated(size, index + 1),
      ...(index % 4 < 2 && { sizeBytes: BigInt(size) }),
    }),
  );
  const outcomes = await Promise.allSettled(uploads);
  const refused = uploads.filter((_, index) => outcomes[index]?.status === "rejected");
  const stored = uploads.length - refused.length;
  for (const failure of await Promise.all(refused.map(failureOf)))
    expect(failure).toMatchObject({ reason: "QUOTA_EXCEEDED" });
  expect(stored).toBeLessThanOrEqual(10);
  expect(await usageOf(own, who)).toEqual(usage(stored * size, stored));
  // All reservations of the refused uploads are released, to the last byte.
  await upload(own, who, { content: generated(quota - stored * size, 99) });
  expect(await usageOf(own, who)).toEqual(usage(quota, stored + 1));
});

test("OK: racing uploads of one content, in two processes, store it once in each organisation, and all can be read", async () => {
  await using own = await startStorage();
  await using neighbour = await startStorageIn(own.database, own.directory);
  const content = generated(300 * kib, 41);
  const [one, other] = [principal(), principal()];
  const owners = Array.from({ length: 16 }, (_, index) => (index % 4 < 2 ? one : other));
  const files = await Promise.all(
    owners.map((who, index) => upload(index % 2 === 0 ? own : neighbour, who, { content })),
  );
  for (const [index, { fileId }] of files.entries()) {
    const { bytes } = await download(neighbour, owners[index] ?? principal(), { fileId });
    expect(bytes.equals(content)).toBe(true);
  }
  const paths = [one, other].map((who) => blobPath(who, sha256(content))).sort();
  expect(await filesIn(own.directory)).toEqual(paths);
});

test("OK: a content that is removed and stored again and again is there whenever an upload was answered", async () => {
  await using neighbour = await startStorageIn(storage().database, storage().directory, {
    graceMs: 0,
    collectMs: 1,
    searchMs: 0,
  });
  const content = generated(20 * kib, 42);
  const who = principal();
  const churn = async (service: typeof neighbour) => {
    for (let round = 0; round < 20; round += 1) {
      const { fileId } = await upload(service, who, { content });
      expect((await download(neighbour, who, { fileId })).bytes.equals(content)).toBe(true);
      await removeFile(service, who, fileId);
    }
  };
  await Promise.all([churn(storage()), churn(storage()), churn(neighbour), churn(neighbour)]);
  await expect.poll(() => filesIn(storage().directory)).toEqual([]);
});

test("OK: the collector waits for an upload that is about to use the content, and then leaves it", async () => {
  const who = principal();
  const content = generated(kib, 43);
  const hash = sha256(content);
  const { sql } = storage().database;
  const { fileId } = await upload(storage(), who, { content });
  let kept = "";
  // The statements of an upload of the same content between its first lock and its commit.
  await sql.begin(async (upload) => {
    await upload`update storage.blobs set touch_time = now() where sha256 = ${hash}`;
    const [row] = await upload`select pg_backend_pid() as pid`;
    await upload`
      insert into storage.files (file_id, org_id, name, content_type, size_bytes, sha256, creator_user_id)
      select gen_random_uuid(), ${who.orgId}, name, content_type, size_bytes, sha256, ${who.userId}
      from storage.files where file_id = ${fileId}`;
    await sql`delete from storage.files where file_id = ${fileId}`;
    const blocked = () => sql`select 1 from pg_stat_activity where ${row?.pid} = any(pg_blocking_pids(pid))`;
    await expect.poll(async () => (await blocked()).length).toBeGreaterThan(0);
    const [inserted] =
      await upload`select file_id from storage.files where org_id = ${who.orgId} and file_id <> ${fileId}`;
    kept = inserted?.file_id;
  });
  await correctUsage(sql);
  // Unused content is removed in the same pass or a later one, which proves that the collector has run.
  const gone = await upload(storage(), who, { content: "nobody uses this" });
  await removeFile(storage(), who, gone.fileId);
  await expect.poll(() => filesIn(storage().directory)).toEqual([blobPath(who, hash)]);
  expect((await download(storage(), who, { fileId: kept })).bytes.equals(content)).toBe(true);
});

deletionSuite("local disk");
