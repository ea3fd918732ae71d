import { expect, test } from "vitest";
import { QuotaService } from "../../gen/sluice/storage/v1/quota_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, startStorage, upload } from "./fixtures.ts";

const storage = forFile(startStorage);

const quotas = (who: Principal) => storage().client(QuotaService, who);
const tebibyte = 2n ** 40n;

const quota = (limitBytes: bigint, etag: string) => ({
  $typeName: "sluice.storage.v1.Quota",
  limitBytes,
  updateTime: expect.anything(),
  etag,
});

const unsetQuota = { $typeName: "sluice.storage.v1.Quota", limitBytes: tebibyte, etag: "0" };

test("OK: SetQuota sets the own organisation's, again and again", async () => {
  const who = principal();
  for (const [limitBytes, etag] of [
    [5n, "1"],
    [0n, "2"],
    [2n ** 50n, "3"],
  ] as const) {
    const answer = await quotas(who).setQuota({ quota: { limitBytes } });
    expect(answer.quota).toEqual(quota(limitBytes, etag));
    expect((await quotas(who).getQuota({})).quota).toEqual(answer.quota);
  }
  expect((await quotas(principal()).getQuota({})).quota).toEqual(unsetQuota);
});

test("OK: SetQuota with the etag that was read, also that of the default", async () => {
  const who = principal();
  const { quota: read } = await quotas(who).getQuota({});
  const first = await quotas(who).setQuota({ quota: { limitBytes: 5n, etag: read?.etag ?? "" } });
  const second = await quotas(who).setQuota({ quota: { limitBytes: 6n, etag: first.quota?.etag ?? "" } });
  expect(second.quota).toEqual(quota(6n, "2"));
});

test("InvalidArgument: SetQuota without a limit sets none", async () => {
  const who = principal();
  const call = quotas(who).setQuota({ quota: { etag: "0" } });
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: ["quota.limit_bytes"] });
  expect((await quotas(who).getQuota({})).quota).toEqual(unsetQuota);
});

test("PermissionDenied: SetQuota by an administrator of one namespace, and by a key that is limited to one", async () => {
  const who = principal();
  const grants = [{ namespace: "default", roles: ["admin"] }];
  const limit = { permissions: [], namespaces: ["default"] };
  for (const limited of [
    { ...who, roles: [], grants },
    { ...who, limit },
  ]) {
    const call = quotas(limited).setQuota({ quota: { limitBytes: 5n } });
    expect(await failureOf(call)).toEqual(lacking("storage.quota.write"));
  }
  expect((await quotas(who).getQuota({})).quota).toEqual(unsetQuota);
});

test("Aborted: SetQuota with an etag of before, and with one that is none", async () => {
  const who = principal();
  await quotas(who).setQuota({ quota: { limitBytes: 5n } });
  for (const etag of ["0", "soup"]) {
    expect(await failureOf(quotas(who).setQuota({ quota: { limitBytes: 6n, etag } }))).toEqual({
      code: "Aborted",
      reason: "ETAG_MISMATCH",
      metadata: { quota: who.orgId },
    });
  }
  expect((await quotas(who).getQuota({})).quota).toEqual(quota(5n, "1"));
});

test("Aborted: one of two racing calls of SetQuota with the same etag wins", async () => {
  const who = principal();
  const calls = [1n, 2n, 3n, 4n].map((limitBytes) =>
    quotas(who).setQuota({ quota: { limitBytes, etag: "0" } }),
  );
  const outcomes = await Promise.allSettled(calls);
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

test("OK: SetQuota below what is stored removes nothing and lets nothing in, not even nothing", async () => {
  const who = principal();
  await upload(storage(), who, { content: "four" });
  await quotas(who).setQuota({ quota: { limitBytes: 3n } });
  for (const content of ["1", ""]) {
    expect(await failureOf(upload(storage(), who, { content }))).toMatchObject({ reason: "QUOTA_EXCEEDED" });
  }
  expect(await quotas(who).getUsage({})).toMatchObject({ usedBytes: 4n, fileCount: 1n });
});

test.each([
  ["no quota", {}, "quota"],
  ["a negative limit", { quota: { limitBytes: -1n } }, "quota.limit_bytes"],
  ["a limit above 1 PiB", { quota: { limitBytes: 2n ** 50n + 1n } }, "quota.limit_bytes"],
])("InvalidArgument: SetQuota with %s", async (_title, request, field) => {
  const call = quotas(principal()).setQuota(request);
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: [field] });
});

test("PermissionDenied: an editor sets the quota; somebody without a role reads it", async () => {
  const editor = quotas(principal({ roles: ["editor"] })).setQuota({ quota: { limitBytes: 1n } });
  expect(await failureOf(editor)).toEqual(lacking("storage.quota.write"));
  const nobody = quotas(principal({ roles: [] }));
  for (const call of [() => nobody.getQuota({}), () => nobody.getUsage({})]) {
    expect(await failureOf(call())).toEqual(lacking("storage.quota.read"));
  }
});
