import { expect, test } from "vitest";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, fileMissing, lacking, startStorage, upload } from "./fixtures.ts";
import { putBlob } from "./release-fixtures.ts";

const storage = forFile(startStorage);
const find = (who: Principal, objectName: string) =>
  storage().client(FileService, who).findFile({ objectName });

test.each([
  ["orders.csv", "orders_", ".csv"],
  ["orders.tar.gz", "orders.tar_", ".gz"],
  ["orders", "orders_", ""],
  [".profile", ".profile_", ""],
  ["...", "..._", ""],
  ["Größe 1.csv", "Größe 1_", ".csv"],
])(
  "OK: FindFile answers the upload %s by the name of its object, also when it was renamed",
  async (name, stem, end) => {
    const who = principal();
    const { fileId, objectName } = await upload(storage(), who, { name });
    const begin = `organizations/${who.orgId}/files/${who.userId}/${stem}`;
    expect(objectName.startsWith(begin)).toBe(true);
    expect(objectName.slice(begin.length)).toMatch(/^20\d{6}_\d{6}_[0-9a-f]{8}/);
    expect(objectName.slice(begin.length + "20261231_235959_01234567".length)).toBe(end);
    await storage()
      .client(FileService, who)
      .updateFile({ file: { fileId, name: "other" } });
    const { file } = await find(who, objectName);
    expect(file).toMatchObject({ fileId, name: "other", objectName });
  },
);

test("OK: the objects of equal names differ, and files of jobs have none", async () => {
  const who = principal();
  const files = await Promise.all(Array.from({ length: 20 }, () => upload(storage(), who)));
  expect(new Set(files.map(({ objectName }) => objectName)).size).toBe(20);
  const { fileId } = await putBlob(storage(), who);
  const { file } = await storage().client(FileService, who).getFile({ fileId });
  expect(file?.objectName).toBe("");
});

test("NotFound: FindFile of an unknown object, and of another organisation's", async () => {
  const foreign = await upload(storage(), principal());
  for (const name of ["organizations/x", foreign.objectName]) {
    expect(await failureOf(find(principal(), name))).toEqual(fileMissing(name));
  }
});

test("InvalidArgument, PermissionDenied: FindFile", async () => {
  expect(await failureOf(find(principal(), ""))).toEqual({
    code: "InvalidArgument",
    fields: ["object_name"],
  });
  expect(await failureOf(find(principal({ roles: [] }), "x"))).toEqual(lacking("storage.files.read"));
});
