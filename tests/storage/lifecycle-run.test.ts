import { randomUUID } from "node:crypto";
import { expect, test, vi } from "vitest";
import { FileCategory, FileKind, FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import {
  FileHoldKind,
  LifecycleService,
  FileTier as Tier,
} from "../../gen/sluice/storage/v1/lifecycle_pb.ts";
import { ReleaseService } from "../../gen/sluice/storage/v1/releases_pb.ts";
import { TrashPolicyService } from "../../gen/sluice/storage/v1/trash_policies_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { download, filesIn, startStorage, startStorageIn, upload, usage, usageOf } from "./fixtures.ts";
import { age, coolAfter, expireAfter, setRules } from "./lifecycle-fixtures.ts";
import { publish, stagedFile } from "./release-fixtures.ts";

vi.setConfig({ testTimeout: 60_000 });

const text = "the same words again and again, ".repeat(2000);

const scene = forFile(async () => {
  await using stack = new AsyncDisposableStack();
  const own = stack.use(await startStorage({ scheduleMs: 10 }));
  const neighbour = stack.use(await startStorageIn(own.database, own.directory, { scheduleMs: 10 }));
  const owned = stack.move();
  return { own, neighbour, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
});

/** Makes a run due and waits for its end. Returns the number of runs so far. */
async function run(): Promise<number> {
  const { sql } = scene().own.database;
  const jobs = async () => {
    const [row] = await sql`
      select count(*)::int as added, count(*) filter (where state = 'completed')::int as ended
      from storage_jobs.job where name = 'lifecycle'`;
    return { added: Number(row?.added), ended: Number(row?.ended) };
  };
  const before = await jobs();
  await sql`update storage.schedules set next_time = now() where name = 'lifecycle'`;
  await expect.poll(async () => (await jobs()).ended, { timeout: 30_000 }).toBeGreaterThan(before.ended);
  return (await jobs()).added;
}

async function aged(who: Principal, name: string, daysOld: number, readDays?: number) {
  const { own } = scene();
  const { fileId } = await upload(own, who, { name, content: `${name}${text}` });
  await age(own.database, fileId, daysOld, readDays);
  return fileId;
}

async function tierOf(who: Principal, fileId: string): Promise<Tier | undefined> {
  const client = scene().own.client(LifecycleService, who);
  return (await client.getFileTier({ fileId }).catch(() => undefined))?.tier;
}

test("OK: a run removes what expires, cools what is idle, keeps what is on hold, and is one of two processes'", async () => {
  const { own } = scene();
  const who = principal();
  const bystander = await aged(principal(), "tmp-other", 100);
  await setRules(own, who, [coolAfter(7), expireAfter(30, { prefix: "tmp-" })]);
  const expired = await aged(who, "tmp-old", 31);
  const held = await aged(who, "tmp-held", 40, 40);
  const idle = await aged(who, "idle", 20, 8);
  const used = await aged(who, "used", 20, 6);
  const young = await aged(who, "tmp-young", 3);
  await own.client(LifecycleService, who).setFileHold({ fileId: held, held: true });
  const first = await run();
  const tiers = () => Promise.all([expired, held, idle, used, young].map((fileId) => tierOf(who, fileId)));
  // A hold is about removal alone: the rule that matches first is that of expiry.
  expect(await tiers()).toEqual([undefined, Tier.WARM, Tier.COLD, Tier.WARM, Tier.WARM]);
  // In the trash, it keeps its quota.
  const sizes = ["tmp-old", "tmp-held", "idle", "used", "tmp-young"].map((name) => name.length + text.length);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  expect(await usageOf(own, who)).toEqual(usage(total, 5));
  expect(await run()).toBe(first + 1);
  expect(await tiers()).toEqual([undefined, Tier.WARM, Tier.COLD, Tier.WARM, Tier.WARM]);
  expect((await download(own, who, { fileId: idle })).bytes.toString()).toBe(`idle${text}`);
  expect((await own.client(FileService, who).listFiles({})).files).toHaveLength(4);
  const { sql } = own.database;
  expect(
    await sql`select from storage.files where file_id = ${bystander} and delete_time is null`,
  ).toHaveLength(1);
  await own.client(FileService, who).undeleteFile({ fileId: expired });
  expect(await tierOf(who, expired)).toBe(Tier.WARM);
});

test("OK: a rule with tags, and one with a folder; without a trash, files go at once", async () => {
  const { own } = scene();
  const who = principal();
  await own
    .client(TrashPolicyService, who)
    .setTrashPolicy({ trashPolicy: { undeleteWindow: { seconds: 0n } } });
  const stored = async (name: string, header: { folder?: string; tags?: string[] }) => {
    const { fileId } = await upload(own, who, { name, content: `${name}${text}`, ...header });
    await age(own.database, fileId, 2);
    return fileId;
  };
  const tagged = await stored("tagged", { tags: ["scratch", "team"] });
  const half = await stored("half", { tags: ["team"] });
  const inFolder = await stored("a.csv", { folder: "tmp/" });
  await setRules(own, who, [
    expireAfter(1, { name: "tags", tags: ["team", "scratch"] }),
    expireAfter(1, { name: "folder", prefix: "tmp/a" }),
  ]);
  await run();
  expect(await Promise.all([tagged, half, inFolder].map((fileId) => tierOf(who, fileId)))).toEqual([
    undefined,
    Tier.WARM,
    undefined,
  ]);
  expect(await usageOf(own, who)).toEqual(usage(4 + text.length, 1));
});

test("OK: files of a package in review stay as they are, and its dry run says why; others become cold", async () => {
  const { own } = scene();
  const who = principal();
  const inReview = await stagedFile(own, who, { path: "held", content: `held${text}` });
  const other = await stagedFile(own, who, { path: "other", content: `other${text}` });
  for (const { fileId } of [inReview, other]) await age(own.database, fileId, 40);
  const releases = own.client(ReleaseService, who, "approval");
  const packageId = randomUUID();
  await releases.holdPackageFiles({ packageId, fileIds: [inReview.fileId] });
  await setRules(own, who, [coolAfter(7, { category: FileCategory.STAGING })]);
  const { outcomes } = await own.client(LifecycleService, who).dryRunLifecycle({});
  const reason = "not read for 40 days, and the rule says 7 days; its category is staging";
  expect(outcomes.map(({ file, held, heldBy, reason }) => [file?.fileId, held, heldBy, reason])).toEqual([
    [inReview.fileId, true, FileHoldKind.APPROVAL, reason],
    [other.fileId, false, FileHoldKind.UNSPECIFIED, reason],
  ]);
  const tiers = () => Promise.all([inReview, other].map(({ fileId }) => tierOf(who, fileId)));
  await run();
  expect(await tiers()).toEqual([Tier.WARM, Tier.COLD]);
  await releases.releasePackageFiles({ packageId });
  await run();
  expect(await tiers()).toEqual([Tier.COLD, Tier.COLD]);
});

test("OK: rules by idle time and by the kind of uploads; a legal hold wins over both actions", async () => {
  const { own } = scene();
  const who = principal();
  const stored = async (name: string, kind: FileKind, readDays: number) => {
    const { fileId } = await upload(own, who, { name, kind, content: `${name}${text}` });
    await age(own.database, fileId, 90, readDays);
    return fileId;
  };
  const idle = await stored("idle", FileKind.DATA_SOURCE, 31);
  const used = await stored("used", FileKind.DATA_SOURCE, 1);
  const image = await stored("image", FileKind.PROFILE_IMAGE, 31);
  const held = await stored("held", FileKind.PROFILE_IMAGE, 31);
  const lifecycle = own.client(LifecycleService, who);
  await lifecycle.setFileHold({ fileId: held, held: true });
  const { rules } = await setRules(own, who, [
    expireAfter(30, {
      name: "idle-data",
      minAge: undefined,
      minIdle: { seconds: 30n * 86_400n },
      kind: FileKind.DATA_SOURCE,
    }),
    coolAfter(30, { kind: FileKind.PROFILE_IMAGE }),
  ]);
  expect(rules.map(({ kind }) => kind)).toEqual([FileKind.DATA_SOURCE, FileKind.PROFILE_IMAGE]);
  const { outcomes } = await lifecycle.dryRunLifecycle({});
  const days = "not read for 31 days, and the rule says 30 days";
  expect(outcomes.map(({ file, heldBy, reason }) => [file?.fileId, heldBy, reason])).toEqual([
    [idle, FileHoldKind.UNSPECIFIED, `${days}; its kind is data_source`],
    [image, FileHoldKind.UNSPECIFIED, `${days}; its kind is profile_image`],
    [held, FileHoldKind.LEGAL, `${days}; its kind is profile_image`],
  ]);
  await run();
  expect(await Promise.all([idle, used, image, held].map((fileId) => tierOf(who, fileId)))).toEqual([
    undefined,
    Tier.WARM,
    Tier.COLD,
    Tier.WARM,
  ]);
});

test("OK: released files never expire, and can be cold", async () => {
  const { own } = scene();
  const who = principal();
  const staged = await stagedFile(own, who, { path: "a/b", content: text });
  const { files } = await publish(own, who, [staged]);
  const [fileId = ""] = files.map((file) => file.fileId);
  await own.database.sql`update storage.files set create_time = now() - interval '1 year'
    where org_id = ${who.orgId}`;
  await setRules(own, who, [expireAfter(1), coolAfter(2, { category: FileCategory.RELEASE })]);
  await run();
  expect(await tierOf(who, fileId)).toBe(Tier.COLD);
  expect((await download(own, who, { fileId })).bytes.toString()).toBe(text);
});

test("OK: a run completes a move that a process left when it died, and notices content that was uploaded again", async () => {
  const { own } = scene();
  const { sql } = own.database;
  const who = principal();
  const client = own.client(LifecycleService, who);
  const objects = async () =>
    (await filesIn(own.directory)).filter((path) => path.includes(who.orgId)).length;
  const { fileId } = await upload(own, who, { content: text });
  await client.coolFile({ fileId });
  // The state between the commit of the move and the deletion of the uncompressed bytes.
  await upload(own, who, { content: text });
  await sql`update storage.cold_blobs set is_moving = true where org_id = ${who.orgId}`;
  expect(await objects()).toBe(2);
  await run();
  expect([await objects(), await tierOf(who, fileId)]).toEqual([1, Tier.COLD]);
  await upload(own, who, { content: text });
  await run();
  expect([await objects(), await tierOf(who, fileId)]).toEqual([2, Tier.WARM]);
  expect((await download(own, who, { fileId })).bytes.toString()).toBe(text);
});
