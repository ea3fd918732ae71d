import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { NamespaceContentState as State } from "../../gen/sluice/common/v1/namespaces_pb.ts";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { NamespaceContentService } from "../../gen/sluice/storage/v1/namespaces_pb.ts";
import { type QuotaSchema, QuotaService } from "../../gen/sluice/storage/v1/quota_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { failureOf } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { driftsIn } from "./drift.ts";
import { chunkPart, generated, headerPart, kib, openUpload, parts, upload } from "./fixtures.ts";
import { newOrgWith, startStorageWithIdentity } from "./namespaces.ts";
import { removeFile } from "./trash-fixtures.ts";

const scene = forFile(startStorageWithIdentity);

const quotas = (who: Principal) => scene().storage.client(QuotaService, who);
const set = (who: Principal, namespace: string, quota: MessageInitShape<typeof QuotaSchema>) =>
  quotas(who).setQuota({ namespace, quota });
const store = (who: Principal, namespace: string, content: string | Uint8Array) =>
  upload(scene().storage, who, { namespace, content });

async function usageOf(who: Principal, namespace = "") {
  const usage = await quotas(who).getUsage({ namespace });
  return [usage.usedBytes, usage.fileCount, usage.reservedBytes, usage.reservedFiles].map(Number);
}

const refusal = (
  unit: "bytes" | "files",
  limit: number,
  used: number,
  requested: number,
  namespace = "",
) => ({
  code: "ResourceExhausted",
  reason: "QUOTA_EXCEEDED",
  metadata: {
    ...(namespace && { namespace }),
    [`limit_${unit}`]: String(limit),
    [`used_${unit}`]: String(used),
    [`reserved_${unit}`]: "0",
    [`requested_${unit}`]: String(requested),
  },
});

test("ResourceExhausted: what a namespace has no room for, small or large; others of the organisation have", async () => {
  const who = await newOrgWith(scene().identity, "lab", "field");
  await set(who, "lab", { limitBytes: 300n * 1024n });
  await store(who, "lab", generated(200 * kib));
  const large = generated(300 * kib);
  for (const content of [generated(101 * kib), large]) {
    expect(await failureOf(store(who, "lab", content))).toEqual(
      refusal("bytes", 300 * kib, 200 * kib, content.length, "lab"),
    );
  }
  await store(who, "field", large);
  await store(who, "lab", generated(100 * kib));
  expect(await usageOf(who, "lab")).toEqual([300 * kib, 2, 0, 0]);
  expect(await usageOf(who, "field")).toEqual([300 * kib, 1, 0, 0]);
  expect(await usageOf(who)).toEqual([600 * kib, 3, 0, 0]);
});

test("ResourceExhausted: one file more than a namespace or the organisation may have, also a running upload", async () => {
  const who = await newOrgWith(scene().identity, "lab");
  await set(who, "lab", { limitFiles: 2n });
  await set(who, "", { limitBytes: 1024n, limitFiles: 3n });
  await store(who, "lab", "one");
  const running = openUpload(scene().storage, who, { namespace: "lab", sizeBytes: 3n });
  await expect.poll(() => usageOf(who, "lab")).toEqual([3, 1, 3, 1]);
  const metadata = { ...refusal("files", 2, 1, 1, "lab").metadata, reserved_files: "1" };
  expect(await failureOf(store(who, "lab", "two"))).toMatchObject({ reason: "QUOTA_EXCEEDED", metadata });
  running.send(chunkPart(Buffer.from("two")));
  running.end();
  await running.answer;
  await store(who, "", "three");
  expect(await failureOf(store(who, "", ""))).toEqual(refusal("files", 3, 3, 1));
  expect(await usageOf(who)).toEqual([11, 3, 0, 0]);
});

test("ResourceExhausted: MoveFile into a namespace without room; it moves the usage if there is", async () => {
  const who = await newOrgWith(scene().identity, "lab");
  const files = scene().storage.client(FileService, who);
  const { fileId } = await store(who, "", "four");
  await set(who, "lab", { limitBytes: 3n });
  const move = () => files.moveFile({ fileId, namespace: "lab" });
  expect(await failureOf(move())).toEqual(refusal("bytes", 3, 0, 4, "lab"));
  expect((await files.getFile({ fileId })).file?.namespace).toBe("default");
  await set(who, "lab", { limitBytes: 4n });
  await move();
  await move();
  expect([await usageOf(who, "default"), await usageOf(who, "lab"), await usageOf(who)]).toEqual([
    [0, 0, 0, 0],
    [4, 1, 0, 0],
    [4, 1, 0, 0],
  ]);
  await removeFile(scene().storage, who, fileId);
  expect([await usageOf(who, "lab"), await usageOf(who)]).toEqual([
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ]);
});

test("OK: versions and the trash count in the namespace of their file, and go with it", async () => {
  const who = await newOrgWith(scene().identity, "lab");
  const { storage } = scene();
  const files = storage.client(FileService, who);
  const { fileId } = await upload(storage, who, { content: "1234" });
  await upload(storage, who, { content: "12", fileId });
  await upload(storage, who, { content: generated(300 * kib), fileId });
  const whole = 6 + 300 * kib;
  expect([await usageOf(who, "default"), await usageOf(who)]).toEqual([
    [whole, 1, 0, 0],
    [whole, 1, 0, 0],
  ]);
  await files.moveFile({ fileId, namespace: "lab" });
  await files.deleteFileVersion({ fileId, version: 2 });
  await files.deleteFile({ fileId });
  expect([await usageOf(who, "default"), await usageOf(who, "lab"), await usageOf(who)]).toEqual([
    [0, 0, 0, 0],
    [whole - 2, 1, 0, 0],
    [whole - 2, 1, 0, 0],
  ]);
  expect(await driftsIn(scene().identity.database.sql)).toEqual({});
  await files.purgeFile({ fileId });
  expect([await usageOf(who, "lab"), await usageOf(who)]).toEqual([
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ]);
});

test("OK: a staged file counts in its job's namespace, and no longer when it is removed", async () => {
  const who = await newOrgWith(scene().identity, "lab");
  const blobs = scene().storage.client(BlobService, who, "staging");
  const ownerId = randomUUID();
  const header = { part: { case: "header" as const, value: { name: "a", ownerId, namespace: "lab" } } };
  async function* messages() {
    yield header;
    yield { part: { case: "chunk" as const, value: Buffer.alloc(7) } };
  }
  await blobs.putBlob(messages());
  expect(await usageOf(who, "lab")).toEqual([7, 1, 0, 0]);
  await blobs.deleteBlobs({ ownerId });
  expect(await usageOf(who, "lab")).toEqual([0, 0, 0, 0]);
});

test("OK: a soft limit refuses nothing; responses name it, and its crossing is recorded once", async () => {
  const who = await newOrgWith(scene().identity, "lab");
  await set(who, "", { limitBytes: 1000n, warnBytes: 10n });
  await set(who, "lab", { warnFiles: 2n });
  const files = scene().storage.client(FileService, who);
  const send = async (content: string) => {
    const header = headerPart({ name: "a", namespace: "lab" });
    return (await files.uploadFile(parts(header, chunkPart(Buffer.from(content))))).quotaWarnings;
  };
  expect(await send("12345")).toEqual([]);
  expect(await send("6789")).toMatchObject([{ namespace: "lab", fileCount: 2n, warnFiles: 2n }]);
  const both = [
    { namespace: "", usedBytes: 10n, warnBytes: 10n },
    { namespace: "lab", fileCount: 3n, warnFiles: 2n },
  ];
  expect(await send("0")).toMatchObject(both);
  expect((await quotas(who).getUsage({})).warnings).toMatchObject(both.slice(0, 1));
  const events = await scene().identity.database.sql`
    select namespace, kind, used_bytes::int, used_files::int from storage.quota_events
    where org_id = ${who.orgId} order by event_id`;
  expect([...events]).toEqual([
    { namespace: "lab", kind: "warn_files", used_bytes: 9, used_files: 2 },
    { namespace: "", kind: "warn_bytes", used_bytes: 10, used_files: 3 },
  ]);
});

test("OK: a deleted namespace leaves no quota to the next one of its name", async () => {
  const who = await newOrgWith(scene().identity, "lab");
  await set(who, "lab", { limitBytes: 3n });
  await store(who, "lab", "one");
  const content = scene().storage.client(NamespaceContentService, who, "identity");
  const clear = async () =>
    (await content.setNamespaceState({ orgId: who.orgId, namespace: "lab", state: State.CLEARED })).counts;
  expect(await clear()).toEqual({});
  await clear();
  await content.setNamespaceState({ orgId: who.orgId, namespace: "lab", state: State.OPEN });
  expect(await usageOf(who, "lab")).toEqual([0, 0, 0, 0]);
  await store(who, "lab", "more than before");
});
