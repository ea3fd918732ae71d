import { toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { FilePreviewService } from "../../../gen/sluice/orchestration/v1/file_previews_pb.ts";
import { SourcePreviewSchema } from "../../../gen/sluice/orchestration/v1/sources_pb.ts";
import type { Principal } from "../../../services/lib/rpc/principal.ts";
import { forFile } from "../../lib/for-file.ts";
import { failureOf } from "../orchestration.ts";
import { previewsFound, startCachedMesh, storeFile } from "./cached-mesh.ts";

const mesh = forFile(() => startCachedMesh());

async function preview(who: Principal, fileId: string, maxRows = 0) {
  const before = await previewsFound();
  const previews = mesh().orchestration.as("edge", FilePreviewService, who);
  const { preview: found } = await previews.previewTable({ fileId, maxRows });
  if (!found) throw new Error("no preview");
  return {
    bytes: Buffer.from(toBinary(SourcePreviewSchema, found)),
    isFound: (await previewsFound()) > before,
  };
}

test("OK: the preview of a table is kept until the file changes", async () => {
  const user = mesh().user();
  const content = "id,price,day\n1,1.50,2020-12-31\n2,,\n3,9007199254740993,2021-01-01\n";
  const fileId = await storeFile(mesh(), user, { content });
  const first = await preview(user.who, fileId);
  const second = await preview(user.who, fileId);
  expect([first.isFound, second.isFound]).toEqual([false, true]);
  expect(second.bytes).toEqual(first.bytes);
  expect((await preview(user.who, fileId, 1)).isFound).toBe(false);
  await storeFile(mesh(), user, { content: `${content}5,6,\n`, fileId });
  expect((await preview(user.who, fileId)).isFound).toBe(false);
});

test("OK: the preview of a file that can't be read is not kept, because the cause can pass", async () => {
  const user = mesh().user();
  const fileId = await storeFile(mesh(), user, { content: "a,b\n1,2\n3\n" });
  const first = await preview(user.who, fileId);
  const second = await preview(user.who, fileId);
  expect([first.isFound, second.isFound]).toEqual([false, false]);
  expect(second.bytes).toEqual(first.bytes);
});

test("NotFound: a kept preview for a caller who may not read the file", async () => {
  const owner = mesh().user();
  const fileId = await storeFile(mesh(), owner, { content: "a\n1\n", namespace: "team" });
  await preview(owner.who, fileId);
  const outsider = { ...owner.who, roles: [], grants: [{ namespace: "default", roles: ["viewer"] }] };
  for (const who of [outsider, mesh().user().who])
    expect(await failureOf(preview(who, fileId))).toMatchObject({ code: Code.NotFound });
});
