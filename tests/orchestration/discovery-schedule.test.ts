import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { drizzle } from "drizzle-orm/postgres-js";
import { expect, test } from "vitest";
import {
  endDiscovery,
  releaseDiscovery,
  takeDue,
} from "../../services/orchestration/catalog/schedule/schedule-repository.ts";
import { forFile } from "../lib/for-file.ts";
import { createTestDatabase } from "../lib/test-database.ts";
import { createCatalogSource } from "./catalog-sources.ts";
import { startForeignDatabase } from "./foreign-database.ts";
import { createFileSource, eventually, failureOf, startOrchestration, type User } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const foreign = forFile(startForeignDatabase);

const scheduleOf = async (user: User, sourceId: string) =>
  (await user.catalog.getDiscoverySchedule({ sourceId })).schedule;

/** A user whose roles identity knows. */
function knownUser(roles: string[] = ["editor"]): User {
  const user = mesh().user({ roles: ["editor"] });
  mesh().peers.roles.set(user.who.userId, roles);
  return user;
}

const msOf = (time: Timestamp | undefined) => (time ? timestampDate(time).getTime() : Number.NaN);

/** Makes the source due, as many times as fit into the interval ago. */
const makeDue = (sourceId: string) =>
  mesh().database.sql`update orchestration.discovery_schedules set next_time = now() - interval '10 days'
    where source_id = ${sourceId}`;

test("OK: a schedule begins with a discovery, and missed times are made up for by one", async () => {
  const user = knownUser();
  const { sourceId, change } = await createCatalogSource(
    mesh(),
    user,
    foreign(),
    "create table {s}.a (n int)",
  );
  expect(await scheduleOf(user, sourceId)).toMatchObject({ sourceId, intervalMinutes: 0, errorMessage: "" });
  const { schedule } = await user.catalog.setDiscoverySchedule({ sourceId, intervalMinutes: 60 });
  expect(schedule).toMatchObject({ sourceId, intervalMinutes: 60 });
  const ended = async () => (await scheduleOf(user, sourceId))?.endTime;
  await eventually(ended).toBeDefined();
  const nextMs = async () => msOf((await scheduleOf(user, sourceId))?.nextTime);
  const names = async () => (await user.catalog.listTables({ sourceId })).tables.map(({ name }) => name);
  expect(await names()).toEqual(["a"]);
  const first = await scheduleOf(user, sourceId);
  expect(msOf(first?.nextTime) - msOf(first?.startTime)).toBe(3_600_000);
  await change("create table {s}.b (n int)");
  await makeDue(sourceId);
  await eventually(names).toEqual(["b", "a"]);
  await eventually(nextMs).toBeGreaterThan(Date.now());
});

test("OK: a discovery whose process was killed is run again", async () => {
  const user = knownUser();
  const sourceId = await createFileSource(mesh(), user, "a.csv", "a\n1\n");
  const { sql } = mesh().database;
  await user.catalog.setDiscoverySchedule({ sourceId, intervalMinutes: 15 });
  // As a process leaves it that was killed: started, not ended, and due again.
  await sql`update orchestration.discovery_schedules
    set start_time = now() - interval '11 minutes', end_time = null, next_time = now() where source_id = ${sourceId}`;
  await eventually(async () => (await scheduleOf(user, sourceId))?.endTime).toBeDefined();
  expect((await user.catalog.listTables({ sourceId })).tables).toMatchObject([{ name: "a" }]);
});

test("OK: why a discovery failed, by source, rights and user, and that it is over", async () => {
  const reader = knownUser(["viewer"]);
  const gone = mesh().user({ roles: ["editor"] });
  const user = knownUser();
  const sources = await Promise.all([
    createFileSource(mesh(), user, "empty.csv", ""),
    createFileSource(mesh(), reader, "b.csv", "b\n1\n"),
    createFileSource(mesh(), gone, "c.csv", "c\n1\n"),
  ]);
  const users = [user, reader, gone];
  await Promise.all(
    users.map((one, at) =>
      one.catalog.setDiscoverySchedule({ sourceId: sources[at] ?? "", intervalMinutes: 15 }),
    ),
  );
  const messages = () =>
    Promise.all(users.map(async (one, at) => (await scheduleOf(one, sources[at] ?? ""))?.errorMessage));
  await eventually(messages).toEqual([
    expect.stringContaining("empty"),
    "permission catalog.write is required",
    "the user who set the schedule, or their API key, is gone",
  ]);
  mesh().peers.roles.set(reader.who.userId, ["editor"]);
  await makeDue(sources[1] ?? "");
  await eventually(async () => (await messages())[1]).toBe("");
});

test("OK: a schedule ends, and with its source", async () => {
  const user = knownUser();
  const sourceId = await createFileSource(mesh(), user, "a.csv", "a\n1\n");
  await user.catalog.setDiscoverySchedule({ sourceId, intervalMinutes: 44_640 });
  const { schedule } = await user.catalog.setDiscoverySchedule({ sourceId, intervalMinutes: 0 });
  expect([schedule?.intervalMinutes, schedule?.nextTime]).toEqual([0, undefined]);
  await user.catalog.setDiscoverySchedule({ sourceId, intervalMinutes: 15 });
  await user.sources.deleteSource({ sourceId });
  expect(await failureOf(scheduleOf(user, sourceId))).toMatchObject({ code: Code.NotFound });
  const { sql } = mesh().database;
  expect(await sql`select 1 from orchestration.discovery_schedules where source_id = ${sourceId}`).toEqual(
    [],
  );
});

test("OK: one process takes what is due, and none while the organisation is busy", async () => {
  const { orgId, userId } = mesh().user().who;
  await using database = await createTestDatabase();
  const db = drizzle({ client: database.sql });
  const sourceId = crypto.randomUUID();
  await database.sql`insert into orchestration.sources (source_id, org_id, display_name, connector, settings)
    values (${sourceId}, ${orgId}, 'a', 'file', '{}')`;
  await database.sql`insert into orchestration.discovery_schedules (source_id, org_id, interval_minutes, user_id, next_time)
    values (${sourceId}, ${orgId}, 60, ${userId}, now())`;
  expect(await takeDue(db, 60_000, [orgId])).toBeUndefined();
  // One that is being taken is left to its process.
  const [due, other] = await db.transaction(async (tx) => [
    await takeDue(tx, 60_000, []),
    await takeDue(db, 60_000, []),
  ]);
  expect(other).toBeUndefined();
  if (!due) throw new Error("nothing is due");
  expect(await takeDue(db, 60_000, [])).toBeUndefined();
  await endDiscovery(db, due, "");
  // A process that was believed to be dead does not report over the one that ran.
  await endDiscovery(db, { ...due, startTime: "2020-01-01T00:00:00Z" }, "late");
  const [row] = await database.sql`select error_message, end_time is not null as ended
    from orchestration.discovery_schedules`;
  expect(row).toEqual({ error_message: "", ended: true });
  await releaseDiscovery(db, due);
  expect(await takeDue(db, 60_000, [])).toMatchObject({ sourceId });
});
