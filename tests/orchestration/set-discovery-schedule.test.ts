import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { createFileSource, failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

test("OK: a changed schedule keeps the time that is due sooner", async () => {
  const user = mesh().user();
  const sourceId = await createFileSource(mesh(), user, "a.csv", "a\n1\n");
  const { sql } = mesh().database;
  await sql`insert into orchestration.discovery_schedules (source_id, org_id, interval_minutes, user_id, next_time)
    values (${sourceId}, ${user.who.orgId}, 60, ${user.who.userId}, '2100-01-01T00:00:00Z')`;
  const timeAfter = async (intervalMinutes: number) =>
    Number(
      (await user.catalog.setDiscoverySchedule({ sourceId, intervalMinutes })).schedule?.nextTime?.seconds,
    );
  const day = await timeAfter(24 * 60);
  expect(await timeAfter(48 * 60)).toBe(day);
  expect(await timeAfter(60)).toBeLessThan(day);
});

test("NotFound: SetDiscoverySchedule of an unknown source, and of another organisation's", async () => {
  const user = mesh().user();
  const sourceId = await createFileSource(mesh(), user, "a.csv", "a\n1\n");
  const set = (id: string) =>
    failureOf(mesh().user().catalog.setDiscoverySchedule({ sourceId: id, intervalMinutes: 15 }));
  expect(await set(sourceId)).toMatchObject({ code: Code.NotFound });
  expect(await set(crypto.randomUUID())).toMatchObject({ code: Code.NotFound });
});

test.each([-1, 14, 44_641])(
  "InvalidArgument: SetDiscoverySchedule every %s minutes",
  async (intervalMinutes) => {
    const user = mesh().user();
    const sourceId = await createFileSource(mesh(), user, "a.csv", "a\n1\n");
    expect(await failureOf(user.catalog.setDiscoverySchedule({ sourceId, intervalMinutes }))).toMatchObject({
      code: Code.InvalidArgument,
      fields: ["interval_minutes"],
    });
  },
);
