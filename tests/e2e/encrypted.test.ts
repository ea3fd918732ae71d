import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startProgram } from "../lib/program.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { type Call, caller, logIn } from "./api.ts";
import { startOnFolder } from "./mesh-process.ts";

const password = "a long first password";
const newKey = (): string => randomBytes(32).toString("base64");

async function callerOf({ url }: { url: string }): Promise<Call> {
  return caller(url, { authorization: `Bearer ${await logIn(url, password)}` });
}

/** Uploads orders, and makes a source of them. */
async function storeOrders(call: Call, csv: string): Promise<{ fileId: string; sourceId: string }> {
  const path = "/api/v1/storage/files?name=orders.csv";
  const { body } = await call("POST", path, csv, { "content-type": "text/csv" });
  const { fileId } = JSON.parse(body).file;
  const source = { displayName: "orders", connector: "file", settings: { fileId } };
  const made = await call("POST", "/api/v1/sources", { source });
  return { fileId, sourceId: JSON.parse(made.body).source.sourceId };
}

test("OK: an encrypted file is downloaded, queried, and read with a new master key", {
  timeout: 400_000,
}, async () => {
  await using folder = await temporaryFolder();
  const [first, second] = [newKey(), newKey()];
  const csv = `id,customer\n${Array.from({ length: 30_000 }, (_, id) => `${id},customer ${id}`).join("\n")}\n`;
  const content = (fileId: string) => `/api/v1/storage/files/${fileId}/content`;
  const one = await startOnFolder(folder.path, password, { STORAGE_MASTER_KEY: first });
  const call = await callerOf(one);
  const { fileId, sourceId } = await storeOrders(call, csv);
  expect((await call("GET", content(fileId))).body === csv).toBe(true);
  const part = await call("GET", content(fileId), "", { range: "bytes=70000-70099" });
  expect([part.status, part.body]).toEqual([206, csv.slice(70_000, 70_100)]);
  const sql = "SELECT count(*) AS n, max(id) AS last FROM orders";
  const answer = await call("POST", "/api/v1/execute", { sourceId, sql, timeout: "200s" });
  expect([answer.status, answer.body]).toEqual([200, expect.stringMatching(/30000.*29999/s)]);
  await one.end("SIGINT", "group");

  // No part of the content lies in the folder of storage.
  const stored = join(folder.path, "data/storage/objects");
  for (const entry of await readdir(stored, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    expect((await readFile(join(entry.parentPath, entry.name))).includes("customer 1")).toBe(false);
  }

  const settings = { STORAGE_MASTER_KEY: second, STORAGE_MASTER_KEY_PREVIOUS: first };
  const two = await startOnFolder(folder.path, password, settings);
  const encryption = async (of: Call) => JSON.parse((await of("GET", "/api/v1/storage/encryption")).body);
  const after = await callerOf(two);
  await expect.poll(async () => (await encryption(after)).previousRemovable, { timeout: 60_000 }).toBe(true);
  await two.end("SIGINT", "group");

  // The first key opens nothing any more, and nothing is lost by trying.
  const wrong = startProgram("services/all-in-one/main.ts", {
    SLUICE_DATA_DIR: join(folder.path, "data"),
    EDGE_PORT: "0",
    STORAGE_MASTER_KEY: first,
  });
  expect(await wrong.ended).toBe(1);
  expect(wrong.output()).toContain("storage_master_key is not the key");
  expect(wrong.output()).not.toContain(first);

  await using three = await startOnFolder(folder.path, password, { STORAGE_MASTER_KEY: second });
  const last = await callerOf(three);
  expect((await last("GET", content(fileId))).body === csv).toBe(true);
});
