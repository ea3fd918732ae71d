import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { FileService, type ListFilesRequestSchema } from "../../gen/sluice/storage/v1/files_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, fileMissing, lacking, startStorage, upload } from "./fixtures.ts";

const storage = forFile(startStorage);

const getFile = (who: Principal, fileId: string) => storage().client(FileService, who).getFile({ fileId });
const listFiles = (who: Principal, request: MessageInitShape<typeof ListFilesRequestSchema> = {}) =>
  storage().client(FileService, who).listFiles(request);

test("OK: GetFile answers what the upload answered, to a viewer of the organisation too", async () => {
  const who = principal();
  const file = await upload(storage(), who);
  for (const reader of [who, principal({ orgId: who.orgId, roles: ["viewer"] })]) {
    expect((await getFile(reader, file.fileId)).file).toEqual(file);
  }
});

test("NotFound: GetFile of an unknown file and of another organisation's", async () => {
  const { fileId } = await upload(storage(), principal());
  for (const id of [fileId, randomUUID()]) {
    expect(await failureOf(getFile(principal(), id))).toEqual(fileMissing(id));
  }
});

test("InvalidArgument: GetFile of an id that is none", async () => {
  expect(await failureOf(getFile(principal(), "me"))).toEqual({
    code: "InvalidArgument",
    fields: ["file_id"],
  });
});

test("PermissionDenied: somebody without a role", async () => {
  const nobody = principal({ roles: [] });
  for (const call of [() => getFile(nobody, randomUUID()), () => listFiles(nobody)]) {
    expect(await failureOf(call())).toEqual(lacking("storage.files.read"));
  }
});
