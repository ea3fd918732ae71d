import { join } from "node:path";
import { expect, test } from "vitest";
import {
  ModelEventKind as Kind,
  ModelFormat,
  ModelVersionState as State,
} from "../../gen/sluice/storage/v1/models_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { createTestDatabase } from "../lib/test-database.ts";
import { principal, temporaryFolder } from "../lib/test-mesh.ts";
import {
  blobPath,
  flipByte,
  generated,
  mib,
  sha256,
  startStorageIn,
  upload,
  usage,
  usageOf,
} from "./fixtures.ts";
import { announced, bring, modelsOf, register } from "./model-fixtures.ts";

/** A database and a folder, on which the tests start a service as often as they like. */
const place = forFile(async () => {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createTestDatabase());
  const folder = stack.use(await temporaryFolder());
  const owned = stack.move();
  return { database, folder: folder.path, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
});
const start = (limits = {}) => startStorageIn(place().database, place().folder, limits);
type Started = Awaited<ReturnType<typeof start>>;

const versionOf = async (service: Started, who: Principal) =>
  (await modelsOf(service, who).getModelVersion({ model: "churn", version: 1 })).modelVersion;
const stateOf = async (service: Started, who: Principal) => (await versionOf(service, who))?.state;

test("OK: a version whose last file was stored by a process that died is READY after the next start", async () => {
  const who = principal();
  const pickle = Buffer.from("\x80\x04]\x94.", "latin1");
  {
    await using service = await start();
    await register(service, who, { files: [announced("a", pickle)] });
    await bring(service, who, { path: "a", content: pickle });
    // As a process leaves it that dies between the commit of the last file and the end of the version.
    await place().database.sql`
      update storage.model_version_files f set format = null, safety = null, findings = '[]'
      from storage.model_versions v where v.model_version_id = f.model_version_id and v.org_id = ${who.orgId}`;
    await place().database.sql`
      update storage.model_versions set state = 'pending', ready_time = null, format = null
      where org_id = ${who.orgId}`;
  }
  await using service = await start();
  await expect.poll(() => stateOf(service, who), { timeout: 20_000 }).toBe(State.READY);
  expect(await versionOf(service, who)).toMatchObject({
    format: ModelFormat.PICKLE,
    files: [{ findings: ["pickle without imports"] }],
  });
});

test("OK: files that are too large to be verified within a call are verified after it", async () => {
  const who = principal();
  const content = generated(2 * mib);
  await using service = await start();
  const { fileId } = await upload(service, who, { content });
  // The call verifies 256 MiB: this many files of the same content are more.
  const files = Array.from({ length: 130 }, (_, at) => ({ path: `part-${at}`, fileId }));
  expect(await register(service, who, { files })).toMatchObject({ state: State.PENDING, stateMessage: "" });
  await expect.poll(() => stateOf(service, who), { timeout: 60_000 }).toBe(State.READY);
  const { events } = await modelsOf(service, who).listModelEvents({ model: "churn" });
  expect(events.map(({ kind }) => kind)).toEqual([Kind.READY, Kind.REGISTERED]);
});

test("OK: a version with a damaged file has FAILED, and what it had is released", async () => {
  const who = principal();
  await using service = await start();
  const content = "soon to be damaged";
  const version = await register(service, who, { content });
  await place().database.sql`
    update storage.model_versions set state = 'pending', ready_time = null
    where model_version_id = ${version.modelVersionId}`;
  await place().database.sql`
    update storage.model_version_files set format = null where model_version_id = ${version.modelVersionId}`;
  await flipByte(join(place().folder, blobPath(who, sha256(content))), 3);
  await using _other = await start();
  await expect.poll(() => stateOf(service, who), { timeout: 20_000 }).toBe(State.FAILED);
  const failed = await versionOf(service, who);
  expect(failed).toMatchObject({
    stateMessage: "the stored bytes of a file are damaged",
    files: [{ fileId: "" }],
  });
  expect(await usageOf(service, who)).toEqual(usage(content.length, 1));
  const { events } = await modelsOf(service, who).listModelEvents({
    model: "churn",
    filter: "kind = failed",
  });
  expect(events).toMatchObject([{ comment: failed?.stateMessage, userId: "" }]);
});

test("OK: a version whose files do not arrive in time has FAILED", async () => {
  const who = principal();
  await using service = await start();
  await register(service, who, { files: [announced("a", "1"), announced("b", "2")] });
  await bring(service, who, { path: "a", content: "1" });
  await place().database.sql`
    update storage.model_versions set create_time = now() - interval '8 days' where org_id = ${who.orgId}`;
  await using _other = await start();
  await expect.poll(() => stateOf(service, who), { timeout: 20_000 }).toBe(State.FAILED);
  expect((await versionOf(service, who))?.stateMessage).toBe("1 of its files did not arrive in time: b");
  expect(await usageOf(service, who)).toEqual(usage(0, 0));
});
