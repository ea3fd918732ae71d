import { createHash, randomUUID } from "node:crypto";
import { rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import type { LentFileSchema } from "../../gen/sluice/common/v1/lent_files_pb.ts";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { openLentFolder } from "../../services/orchestration/lent/lent-folder.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  blobPath,
  download,
  failureOf,
  filesIn,
  flipByte,
  generated,
  mib,
  setQuota,
  startStorage,
  usage,
  usageOf,
} from "./fixtures.ts";
import { putBlob } from "./release-fixtures.ts";

const storage = forFile(startStorage);
const folder = forFile(() => openLentFolder(join(storage().directory, "lent")));

type LentFileInit = MessageInitShape<typeof LentFileSchema>;

const sha256Of = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const pathOf = ({ name, sha256 }: LentFileInit) => join(storage().directory, "lent", `${name}-${sha256}`);

/** Lends bytes as orchestration does. `sha256` is their hash by default. */
async function lend(bytes: Uint8Array, sha256 = sha256Of(bytes)): Promise<LentFileInit> {
  const path = join(storage().directory, randomUUID());
  await writeFile(path, bytes);
  const extraction = { rowCount: 0, columns: [] };
  const loan = await folder().lend({ path, sha256, sizeBytes: bytes.length, extraction });
  if (!loan) throw new Error("not lent");
  return loan.file;
}

const adopt = (who: Principal, file: LentFileInit, process = "staging") =>
  storage()
    .client(BlobService, who, process)
    .adoptBlob({ header: { name: "orders-00000.parquet", ownerId: randomUUID() }, file });

test("OK: a lent file becomes one of the organisation's, with its bytes", async () => {
  const who = principal();
  const content = generated(2 * mib + 1, 11);
  const lent = await lend(content);
  const { fileId, sizeBytes, sha256 } = await adopt(who, lent);
  expect([sizeBytes, sha256]).toEqual([BigInt(content.length), sha256Of(content)]);
  // The lent file can be removed, because storage has its own link.
  await rm(pathOf(lent));
  const { bytes, contentType } = await download(storage(), who, { fileId });
  expect(contentType).toBe("application/vnd.apache.parquet");
  expect(bytes.equals(content)).toBe(true);
  expect(await usageOf(storage(), who)).toEqual(usage(content.length, 1));
});

test("OK: content that the organisation has stored is not read again, and counts again", async () => {
  const content = generated(mib, 12);
  const who = principal();
  await putBlob(storage(), who, { content });
  // The lent file has other bytes under the same hash, so reading it would be detected.
  const { fileId, sha256 } = await adopt(who, await lend(new Uint8Array(mib), sha256Of(content)));
  expect(sha256).toBe(sha256Of(content));
  expect((await download(storage(), who, { fileId })).bytes.equals(content)).toBe(true);
  expect(await usageOf(storage(), who)).toEqual(usage(2 * mib, 2));
});

test("OK: stored content that was damaged is replaced by the lent one", async () => {
  const content = generated(mib, 13);
  const who = principal();
  const { sha256 } = await putBlob(storage(), who, { content });
  await flipByte(join(storage().directory, blobPath(who, sha256)), 5);
  const { fileId } = await adopt(who, await lend(content));
  expect((await download(storage(), who, { fileId })).bytes.equals(content)).toBe(true);
});

test.each<[string, (lent: LentFileInit) => Promise<LentFileInit>]>([
  ["in another folder", async (lent) => ({ ...lent, folderId: randomUUID() })],
  ["under another name", async (lent) => ({ ...lent, name: randomUUID() })],
  ["with another hash", async (lent) => ({ ...lent, sha256: "0".repeat(64) })],
  ["with another size", async (lent) => ({ ...lent, sizeBytes: 3n })],
  [
    "behind a symbolic link",
    async (lent) => {
      const linked = { ...lent, name: randomUUID() };
      await symlink(pathOf(lent), pathOf(linked));
      return linked;
    },
  ],
])("OK: nothing is stored of a file that lies %s", async (_, change) => {
  const who = principal();
  const { fileId } = await adopt(who, await change(await lend(generated(1000, 14))));
  expect(fileId).toBe("");
  expect(await usageOf(storage(), who)).toEqual(usage(0, 0));
});

test("DataLoss: bytes with another hash than the name's; nothing is kept of them", async () => {
  const who = principal();
  const sha256 = sha256Of(generated(1000, 15));
  expect(await failureOf(adopt(who, await lend(generated(2 * mib, 16), sha256)))).toEqual({
    code: "DataLoss",
    reason: "CONTENT_MISMATCH",
    metadata: { sha256 },
  });
  expect(await usageOf(storage(), who)).toEqual(usage(0, 0));
  expect(await filesIn(join(storage().directory, "tmp"))).toEqual([]);
});

test.each([
  ["that is stored", true],
  ["that is not", false],
])("ResourceExhausted: content %s, beyond the quota", async (_, isStored) => {
  const who = principal();
  const content = generated(mib, isStored ? 17 : 18);
  if (isStored) await putBlob(storage(), principal(), { content });
  await setQuota(storage(), who, mib - 1);
  expect(await failureOf(adopt(who, await lend(content)))).toMatchObject({
    code: "ResourceExhausted",
    reason: "QUOTA_EXCEEDED",
  });
  expect(await usageOf(storage(), who)).toEqual(usage(0, 0));
});

test("InvalidArgument: names that are paths", async () => {
  const lent = await lend(generated(10, 19));
  const name = "../sha256/00";
  expect(await failureOf(adopt(principal(), { ...lent, name, sha256: "x" }))).toEqual({
    code: "InvalidArgument",
    fields: ["file.name", "file.sha256"],
  });
});

test.each(["edge", "orchestration"])("PermissionDenied: %s", async (process) => {
  const lent = await lend(generated(10, 20));
  expect(await failureOf(adopt(principal(), lent, process))).toMatchObject({ code: "PermissionDenied" });
});
