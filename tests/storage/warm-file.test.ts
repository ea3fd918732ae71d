import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { LifecycleService, FileTier as Tier } from "../../gen/sluice/storage/v1/lifecycle_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { download, failureOf, fileMissing, lacking, startStorage, upload } from "./fixtures.ts";

const storage = forFile(startStorage);

test("OK: WarmFile brings content back before it is read, and leaves warm content alone", async () => {
  const who = principal();
  const client = storage().client(LifecycleService, who);
  const content = "words and words and words ".repeat(1000);
  const { fileId } = await upload(storage(), who, { content });
  await client.coolFile({ fileId });
  for (let count = 0; count < 2; count += 1)
    expect(await client.warmFile({ fileId })).toMatchObject({
      tier: Tier.WARM,
      storedBytes: BigInt(content.length),
    });
  expect(await client.getFileTier({ fileId })).toMatchObject({ tier: Tier.WARM });
  expect((await download(storage(), who, { fileId })).bytes.toString()).toBe(content);
});

test("NotFound: a file that does not exist; PermissionDenied: somebody without a role", async () => {
  const fileId = randomUUID();
  const as = (roles: string[]) => storage().client(LifecycleService, principal({ roles }));
  expect(await failureOf(as(["admin"]).warmFile({ fileId }))).toEqual(fileMissing(fileId));
  expect(await failureOf(as([]).warmFile({ fileId }))).toEqual(lacking("storage.files.read"));
});
