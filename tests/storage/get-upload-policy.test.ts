import { expect, test } from "vitest";
import { UploadPolicyService } from "../../gen/sluice/storage/v1/upload_policies_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { failureOf } from "./fixtures.ts";
import { newOrgWith, only, startStorageWithIdentity } from "./namespaces.ts";

const scene = forFile(startStorageWithIdentity);

test("OK: none is set; then the organisation's, and a namespace's in its place", async () => {
  const admin = await newOrgWith(scene().identity, "team");
  const client = scene().storage.client(UploadPolicyService, admin);
  const policyOf = async (namespace: string) => (await client.getUploadPolicy({ namespace })).policy;
  expect(await policyOf("team")).toMatchObject({ allowedTypes: [], fileBytesMax: 0n, etag: "0" });
  await client.setUploadPolicy({ policy: { allowedTypes: ["text/csv"], fileBytesMax: 10n } });
  const ofOrg = { allowedTypes: ["text/csv"], fileBytesMax: 10n };
  expect(await policyOf("")).toMatchObject({ ...ofOrg, etag: "1" });
  expect(await policyOf("team")).toMatchObject({ ...ofOrg, etag: "0" });
  await client.setUploadPolicy({ namespace: "team", policy: { fileBytesMax: 20n } });
  expect(await policyOf("team")).toMatchObject({ allowedTypes: [], fileBytesMax: 20n, etag: "1" });
  expect(await policyOf("default")).toMatchObject(ofOrg);
});

test("NotFound: a namespace that is not there, or another's", async () => {
  const admin = await newOrgWith(scene().identity, "team");
  const get = (who: typeof admin, namespace: string) =>
    scene().storage.client(UploadPolicyService, who).getUploadPolicy({ namespace });
  expect(await failureOf(get(admin, "nowhere"))).toMatchObject({ code: "NotFound" });
  expect(await failureOf(get(only(admin, "other", "viewer"), "team"))).toMatchObject({ code: "NotFound" });
});
