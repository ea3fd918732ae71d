import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { failureOf, lacking, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { newOrgWith, only, startStorageWithIdentity } from "./namespaces.ts";

const scene = forFile(startStorageWithIdentity);
const as = (who: Principal) => scene().storage.client(FileService, who);

async function upload(who: Principal, namespace = "") {
  async function* parts() {
    yield { part: { case: "header" as const, value: { name: "a.csv", namespace } } };
    yield { part: { case: "chunk" as const, value: Buffer.from("a\n1\n") } };
  }
  const { file } = await as(who).uploadFile(parts());
  return file ?? expect.fail("no file");
}

test("OK: MoveFile changes who sees a file, and an upload goes where its header says", async () => {
  const admin = await newOrgWith(scene().identity, "here", "there");
  const file = await upload(admin, "here");
  expect(file.namespace).toBe("here");
  const viewer = only(admin, "there", "viewer");
  expect(await failureOf(as(viewer).getFile({ fileId: file.fileId }))).toEqual(missing("file", file.fileId));
  expect((await as(viewer).listFiles({})).files).toEqual([]);
  const { file: moved } = await as(admin).moveFile({ fileId: file.fileId, namespace: "there", etag: "1" });
  expect(moved).toMatchObject({ namespace: "there", etag: "2" });
  expect((await as(viewer).listFiles({})).files).toEqual([moved]);
  expect((await as(admin).listFiles({ namespace: "here" })).files).toEqual([]);
});

test("NotFound: a file outside of one's namespaces, and a namespace outside of them or that never was", async () => {
  const admin = await newOrgWith(scene().identity, "here", "there");
  const file = await upload(admin);
  const editor = only(admin, "here", "editor");
  const move = (who: Principal, fileId: string, namespace: string) =>
    failureOf(as(who).moveFile({ fileId, namespace }));
  for (const fileId of [file.fileId, randomUUID()]) {
    expect(await move(editor, fileId, "here")).toEqual(missing("file", fileId));
  }
  const mine = await upload(editor, "here");
  expect(await move(editor, mine.fileId, "there")).toEqual(missing("namespace", "there"));
  expect(await move(admin, mine.fileId, "nowhere")).toEqual(missing("namespace", "nowhere"));
  expect(await failureOf(upload(admin, "nowhere"))).toEqual(missing("namespace", "nowhere"));
  expect(await failureOf(upload(editor))).toEqual(missing("namespace", "default"));
});

test("Aborted, InvalidArgument, PermissionDenied: MoveFile", async () => {
  const admin = await newOrgWith(scene().identity, "here");
  const { fileId } = await upload(admin);
  const stale = as(admin).moveFile({ fileId, namespace: "here", etag: "7" });
  expect(await failureOf(stale)).toMatchObject({ code: "Aborted", reason: "ETAG_MISMATCH" });
  expect(await failureOf(as(admin).moveFile({ fileId, namespace: "a b" }))).toMatchObject({
    fields: ["namespace"],
  });
  const viewer = { ...admin, roles: ["viewer"] };
  expect(await failureOf(as(viewer).moveFile({ fileId, namespace: "here" }))).toEqual(
    lacking("storage.files.write"),
  );
});
