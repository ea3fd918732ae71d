import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { createFileSource, failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

test("OK: GetDiscoverySchedule of a source without one", async () => {
  const user = mesh().user();
  const sourceId = await createFileSource(mesh(), user, "a.csv", "a\n1\n");
  const { schedule } = await user.catalog.getDiscoverySchedule({ sourceId });
  expect(schedule).toMatchObject({
    sourceId,
    intervalMinutes: 0,
    errorMessage: "",
  });
  const { nextTime, startTime, endTime } = schedule ?? {};
  expect([nextTime, startTime, endTime]).toEqual([undefined, undefined, undefined]);
});

test("NotFound: GetDiscoverySchedule of an unknown source, and of another organisation's", async () => {
  const user = mesh().user();
  const sourceId = await createFileSource(mesh(), user, "a.csv", "a\n1\n");
  await user.catalog.setDiscoverySchedule({ sourceId, intervalMinutes: 15 });
  const get = (id: string) => failureOf(mesh().user().catalog.getDiscoverySchedule({ sourceId: id }));
  expect(await get(sourceId)).toMatchObject({ code: Code.NotFound });
  expect(await get(crypto.randomUUID())).toMatchObject({ code: Code.NotFound });
});
