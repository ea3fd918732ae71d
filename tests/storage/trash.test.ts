import { expect, test } from "vitest";
import { NamespaceContentState as State } from "../../gen/sluice/common/v1/namespaces_pb.ts";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { NamespaceContentService } from "../../gen/sluice/storage/v1/namespaces_pb.ts";
import { principal } from "../lib/test-mesh.ts";
import { startStorage, startStorageIn, upload, usage, usageOf } from "./fixtures.ts";
import { setWindow, trashedFile } from "./trash-fixtures.ts";

test("OK: files leave the trash for good once each, however many processes collect, and no others do", async () => {
  await using storage = await startStorage({ graceMs: 0, collectMs: 10 });
  await using _neighbour = await startStorageIn(storage.database, storage.directory, {
    graceMs: 0,
    collectMs: 10,
  });
  const [who, other] = [principal(), principal()];
  const kept = await trashedFile(storage, who, { content: "kept" });
  for (const owner of [who, other]) await setWindow(storage, owner, 1);
  for (const owner of [who, other, who, other]) {
    const { fileId } = await upload(storage, owner, { content: "first" });
    await upload(storage, owner, { content: "second", fileId });
    await storage.client(FileService, owner).deleteFile({ fileId });
  }
  const left = async () => {
    const rows = await storage.database.sql`select file_id from storage.files`;
    const versions = await storage.database.sql`select version from storage.file_versions`;
    const blobs = await storage.database.sql`select sha256 from storage.blobs`;
    return [rows.map((row) => row.file_id), versions.length, blobs.length];
  };
  await expect.poll(left, { timeout: 30_000 }).toEqual([[kept.fileId], 0, 1]);
  expect(await usageOf(storage, who)).toEqual(usage(4, 1));
  expect(await usageOf(storage, other)).toEqual(usage(0, 0));
});

test("OK: a namespace whose files are all in the trash counts as empty, and takes them with it", async () => {
  await using storage = await startStorage();
  const who = principal();
  await trashedFile(storage, who, { content: "gone" });
  const content = storage.client(NamespaceContentService, who, "identity");
  const set = async (state: State) =>
    (await content.setNamespaceState({ orgId: who.orgId, namespace: "default", state })).counts;
  expect(await set(State.CLOSED)).toEqual({});
  await set(State.OPEN);
  const files = storage.client(FileService, who);
  expect((await files.listFiles({ showDeleted: true })).files).toHaveLength(1);
  expect(await set(State.CLEARED)).toEqual({});
  expect((await files.listFiles({ showDeleted: true })).files).toEqual([]);
  expect(await usageOf(storage, who)).toEqual(usage(0, 0));
});
