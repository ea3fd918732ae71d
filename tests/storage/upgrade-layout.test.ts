import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { link, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test, vi } from "vitest";
import { upgradeLayout } from "../../services/storage/objects/disk/upgrade-layout.ts";
import type { ObjectKey } from "../../services/storage/objects/object-store.ts";
import { createReleasedDatabase } from "../lib/released-database.ts";
import { principal, temporaryFolder } from "../lib/test-mesh.ts";
import { blobPath, download, filesIn, generated, sha256, startStorageIn } from "./fixtures.ts";

// Starting processes and databases takes long.
vi.setConfig({ testTimeout: 120_000 });

const nilOrg = { orgId: "00000000-0000-0000-0000-000000000000" };
const [one, other] = [{ orgId: randomUUID() }, { orgId: randomUUID() }];
const [shared, alone, unknown] = ["shared", "alone", "unknown"].map(sha256) as [string, string, string];
const stored: ObjectKey[] = [
  { ...one, sha256: shared },
  { ...one, sha256: alone },
  { ...other, sha256: shared },
];

/** Where version 0.1.0 stored content. */
const oldPath = (hash: string): string => `sha256/${hash.slice(0, 2)}/${hash.slice(2, 4)}/${hash}`;

async function* storedKeys() {
  yield stored;
}

async function addFile(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

async function oldFolder() {
  const folder = await temporaryFolder();
  for (const content of ["shared", "alone", "unknown"])
    await addFile(join(folder.path, oldPath(sha256(content))), content);
  await mkdir(join(folder.path, "aside"));
  return folder;
}

async function linkTo(root: string, from: string, to: string): Promise<void> {
  await mkdir(dirname(join(root, to)), { recursive: true });
  await link(join(root, from), join(root, to));
}

const upgraded = [
  blobPath(one, shared),
  blobPath(one, alone),
  blobPath(other, shared),
  blobPath(nilOrg, unknown),
].sort();

/** What a process that died in the middle has left. */
const deaths: Record<string, (root: string) => Promise<unknown>> = {
  "before it began": async () => {},
  "after the first of two names": (root) => linkTo(root, oldPath(shared), blobPath(one, shared)),
  "after all names": async (root) => {
    for (const key of stored) await linkTo(root, oldPath(key.sha256), blobPath(key, key.sha256));
    await linkTo(root, oldPath(unknown), blobPath(nilOrg, unknown));
  },
  "after it removed an old name": async (root) => {
    for (const key of stored) await linkTo(root, oldPath(key.sha256), blobPath(key, key.sha256));
    await rm(join(root, oldPath(shared)));
  },
  "while version 0.1.0 was deleting": (root) =>
    rename(join(root, oldPath(alone)), join(root, "aside", `${alone}.${randomUUID()}`)),
};

test.each(Object.entries(deaths))(
  "OK: each organisation has its objects, once or twice upgraded, after a death %s",
  async (_, die) => {
    await using folder = await oldFolder();
    await die(folder.path);
    for (let time = 0; time < 2; time += 1) {
      await upgradeLayout(folder.path, storedKeys);
      expect(await filesIn(folder.path)).toEqual(upgraded);
    }
  },
);

test("OK: an object that was stored anew is kept, and other files of the folder stay", async () => {
  await using folder = await oldFolder();
  await addFile(join(folder.path, blobPath(one, alone)), "new");
  await addFile(join(folder.path, "sha256/notes"), "of the operator");
  await upgradeLayout(folder.path, storedKeys);
  const files = [...upgraded, blobPath(nilOrg, alone), "sha256/notes"].sort();
  expect(await filesIn(folder.path)).toEqual(files);
});

/** Starts an upgrade in a process of its own, and kills it as soon as so many objects have their new names. */
async function killUpgrade(directory: string, keys: readonly ObjectKey[], enough: number): Promise<void> {
  await using list = await temporaryFolder();
  const keysFile = join(list.path, "keys.json");
  await writeFile(keysFile, JSON.stringify(keys));
  const main = join(import.meta.dirname, "upgrade-process.ts");
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", main, directory, keysFile]);
  const ended = once(child, "exit");
  const named = async () => (await filesIn(directory)).filter((path) => path.startsWith("objects/")).length;
  await expect.poll(named, { interval: 1 }).toBeGreaterThanOrEqual(enough);
  child.kill("SIGKILL");
  await ended;
}

test("OK: kill -9 in the middle of the upgrade loses no file of version 0.1.0, and what nobody used is collected", async () => {
  await using database = await createReleasedDatabase();
  await using folder = await temporaryFolder();
  const { sql } = database;
  const owners = [principal(), principal()];
  const contents = Array.from({ length: 40 }, (_, seed) => generated(100, seed + 1));
  for (const content of contents) {
    const hash = sha256(content);
    await addFile(join(folder.path, oldPath(hash)), content);
    await sql`insert into storage.blobs (sha256) values (${hash})`;
    for (const { orgId, userId } of owners)
      await sql`insert into storage.files (file_id, org_id, name, content_type, size_bytes, sha256, creator_user_id)
        values (gen_random_uuid(), ${orgId}, 'a', 'text/csv', 100, ${hash}, ${userId})`;
  }
  await addFile(join(folder.path, oldPath(unknown)), "unknown");
  const keys = owners.flatMap(({ orgId }) => contents.map((bytes) => ({ orgId, sha256: sha256(bytes) })));
  for (const enough of [1, contents.length, 2 * contents.length])
    await killUpgrade(folder.path, keys, enough);
  const limits = { graceMs: 0, collectMs: 20, searchMs: 0 };
  await using service = await startStorageIn(database, folder.path, limits);
  const paths = owners.flatMap((who) => contents.map((content) => blobPath(who, sha256(content)))).sort();
  await expect.poll(() => filesIn(folder.path)).toEqual(paths);
  const files = await sql`select file_id, org_id, sha256 from storage.files`;
  for (const { file_id: fileId, org_id: orgId, sha256: hash } of files) {
    const who = owners.find((owner) => owner.orgId === orgId) ?? principal();
    expect(sha256((await download(service, who, { fileId })).bytes)).toBe(hash);
  }
});
