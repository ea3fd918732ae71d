import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { ScrubService, ScrubState } from "../../gen/sluice/storage/v1/scrubs_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, generated, lacking, mib, startStorage, upload } from "./fixtures.ts";
import { eager, scrubsOf } from "./scrub-fixtures.ts";

const storage = forFile(() => startStorage(eager));

test("OK: GetScrub returns a running scrub with its progress, within its rate", async () => {
  for (const seed of [1, 2]) await upload(storage(), principal(), { content: generated(mib, seed) });
  const { scrub } = await scrubsOf(storage()).startScrub({ bytesPerSecond: 1n });
  const scrubId = scrub?.scrubId ?? "";
  const get = async () => (await scrubsOf(storage()).getScrub({ scrubId })).scrub;
  // The first chunk is read at once, and takes days of such a rate.
  await expect.poll(async () => (await get())?.readBytes).toBeGreaterThan(0n);
  expect(await get()).toMatchObject({
    scrubId,
    state: ScrubState.RUNNING,
    scheduled: false,
    objectCount: 0n,
  });
  expect((await get())?.endTime).toBeUndefined();
  expect((await get())?.readBytes).toBeLessThan(BigInt(mib));
});

test("NotFound: an unknown scrub", async () => {
  const scrubId = randomUUID();
  expect(await failureOf(scrubsOf(storage()).getScrub({ scrubId }))).toEqual({
    code: "NotFound",
    reason: "RESOURCE_NOT_FOUND",
    metadata: { scrub: scrubId },
  });
});

test("PermissionDenied: an administrator of an organisation", async () => {
  const call = storage().client(ScrubService, principal()).getScrub({ scrubId: randomUUID() });
  expect(await failureOf(call)).toEqual(lacking("storage.scrubs.read"));
});
