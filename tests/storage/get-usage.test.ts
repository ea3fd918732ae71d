import { expect, test } from "vitest";
import { QuotaService } from "../../gen/sluice/storage/v1/quota_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { chunkPart, failureOf, lacking, openUpload, startStorage, upload } from "./fixtures.ts";

const storage = forFile(startStorage);

const quotas = (who: Principal) => storage().client(QuotaService, who);
const tebibyte = 2n ** 40n;

test("OK: GetUsage counts files, and what a running upload has reserved", async () => {
  const who = principal();
  await upload(storage(), who, { content: "four" });
  const running = openUpload(storage(), who, { sizeBytes: 1000n });
  await expect
    .poll(() => quotas(who).getUsage({}))
    .toEqual({
      $typeName: "sluice.storage.v1.GetUsageResponse",
      usedBytes: 4n,
      reservedBytes: 1000n,
      fileCount: 1n,
      limitBytes: tebibyte,
      reservedFiles: 1n,
      warnings: [],
      driftBytes: 0n,
      driftFiles: 0n,
    });
  running.send(chunkPart(Buffer.alloc(1000)));
  running.end();
  await running.answer;
  expect(await quotas(who).getUsage({})).toMatchObject({
    usedBytes: 1004n,
    reservedBytes: 0n,
    fileCount: 2n,
  });
});

test("PermissionDenied: somebody without a role", async () => {
  expect(await failureOf(quotas(principal({ roles: [] })).getUsage({}))).toEqual(
    lacking("storage.quota.read"),
  );
});
