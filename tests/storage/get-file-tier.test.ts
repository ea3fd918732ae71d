import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { LifecycleService, FileTier as Tier } from "../../gen/sluice/storage/v1/lifecycle_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { download, failureOf, fileMissing, generated, lacking, startStorage, upload } from "./fixtures.ts";

const storage = forFile(() => startStorage({ readsMs: 20 }));

test("OK: GetFileTier tells tier, sizes and the last read, which it knows to the hour", async () => {
  const who = principal();
  const client = storage().client(LifecycleService, who);
  const content = "words and words and words ".repeat(1000);
  const { fileId } = await upload(storage(), who, { content });
  const get = () => client.getFileTier({ fileId });
  const warm = {
    $typeName: "sluice.storage.v1.GetFileTierResponse",
    tier: Tier.WARM,
    sizeBytes: BigInt(content.length),
    storedBytes: BigInt(content.length),
  };
  expect(await get()).toEqual(warm);
  const { storedBytes } = await client.coolFile({ fileId });
  expect(await get()).toEqual({ ...warm, tier: Tier.COLD, storedBytes, coolTime: expect.anything() });
  await download(storage(), who, { fileId });
  await expect.poll(get).toEqual({ ...warm, lastReadTime: expect.anything() });
  const { lastReadTime } = await get();
  await download(storage(), who, { fileId });
  const { sql } = storage().database;
  await sql`update storage.files set last_read_time = now() - interval '59 minutes' where file_id = ${fileId}`;
  const other = await upload(storage(), who);
  await download(storage(), who, { fileId: other.fileId });
  const otherTier = () => client.getFileTier({ fileId: other.fileId });
  await expect.poll(async () => (await otherTier()).lastReadTime).toBeDefined();
  expect((await get()).lastReadTime?.seconds).toBeLessThan(lastReadTime?.seconds ?? 0n);
});

test("OK: a new file does not tell that another one has the same content, and was cooled", async () => {
  const who = principal();
  const client = storage().client(LifecycleService, who);
  for (const content of ["the same words ".repeat(1000), generated(1000)]) {
    const first = await upload(storage(), who, { content });
    await client.coolFile({ fileId: first.fileId });
    const second = await upload(storage(), who, { content });
    expect(await client.getFileTier({ fileId: second.fileId })).toEqual({
      $typeName: "sluice.storage.v1.GetFileTierResponse",
      tier: Tier.WARM,
      sizeBytes: second.sizeBytes,
      storedBytes: second.sizeBytes,
    });
  }
});

test("NotFound: a file that does not exist; PermissionDenied: somebody without a role", async () => {
  const fileId = randomUUID();
  const as = (roles: string[]) => storage().client(LifecycleService, principal({ roles }));
  expect(await failureOf(as(["viewer"]).getFileTier({ fileId }))).toEqual(fileMissing(fileId));
  expect(await failureOf(as([]).getFileTier({ fileId }))).toEqual(lacking("storage.files.read"));
});
