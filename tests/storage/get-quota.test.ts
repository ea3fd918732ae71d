import { expect, test } from "vitest";
import { QuotaService } from "../../gen/sluice/storage/v1/quota_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, startStorage, upload } from "./fixtures.ts";

const storage = forFile(startStorage);

const quotas = (who: Principal) => storage().client(QuotaService, who);
const tebibyte = 2n ** 40n;

const unsetQuota = { $typeName: "sluice.storage.v1.Quota", limitBytes: tebibyte, etag: "0" };

test("OK: GetQuota of a new organisation is 1 TiB, also when it has stored something", async () => {
  const who = principal();
  expect((await quotas(who).getQuota({})).quota).toEqual(unsetQuota);
  await upload(storage(), who);
  expect((await quotas(who).getQuota({})).quota).toEqual(unsetQuota);
});

test("PermissionDenied: somebody without a role", async () => {
  expect(await failureOf(quotas(principal({ roles: [] })).getQuota({}))).toEqual(
    lacking("storage.quota.read"),
  );
});
