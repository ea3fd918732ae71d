import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FileService } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { logIn } from "../../e2e/api.ts";
import { startOnFolder } from "../../e2e/mesh-process.ts";
import { forFile } from "../../lib/for-file.ts";
import { createTestDatabase } from "../../lib/test-database.ts";
import { principal, temporaryFolder } from "../../lib/test-mesh.ts";
import { chunkPart, generated, headerPart, mib } from "../fixtures.ts";
import { spawnStorage } from "../storage-process.ts";
import { bucketSettings, startS3Server } from "./s3-server.ts";

const password = "a long enough password";
const server = forFile(startS3Server);

test("OK: npm start with two settings keeps files in the bucket, also over a restart", async () => {
  await using folder = await temporaryFolder();
  const settings = await bucketSettings(server());
  const content = generated(20 * mib, 3);
  let path = "";
  {
    await using mesh = await startOnFolder(folder.path, password, settings);
    const headers = { authorization: `Bearer ${await logIn(mesh.url, password)}` };
    const body = new Uint8Array(content);
    const stored = await fetch(`${mesh.url}/api/v1/storage/files?name=a.bin`, {
      method: "POST",
      headers,
      body,
    });
    const { file } = (await stored.json()) as { file: { fileId: string } };
    path = `/api/v1/storage/files/${file.fileId}/content`;
    const whole = await fetch(`${mesh.url}${path}`, { headers });
    expect(Buffer.from(await whole.arrayBuffer()).equals(content)).toBe(true);
    expect(await mesh.end("SIGTERM", "process")).toBe(0);
  }
  const onDisk = await readdir(join(folder.path, "data"), { recursive: true });
  expect(onDisk.filter((name) => name.includes(createHash("sha256").update(content).digest("hex")))).toEqual(
    [],
  );
  await using again = await startOnFolder(folder.path, password, settings);
  const headers = {
    authorization: `Bearer ${await logIn(again.url, password)}`,
    range: "bytes=10000000-10000099",
  };
  const part = await fetch(`${again.url}${path}`, { headers });
  expect(part.status).toBe(206);
  expect(Buffer.from(await part.arrayBuffer()).equals(content.subarray(10_000_000, 10_000_100))).toBe(true);
  await again.end("SIGTERM", "process");
});

test("OK: 512 MiB go into the bucket and out of it within bounded memory, in a storage process of its own", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  await using storage = await spawnStorage(database, folder.path, { env: await bucketSettings(server()) });
  const who = principal();
  const files = storage.client(FileService, who);
  const transfer = async (mebibytes: number) => {
    async function* parts() {
      yield headerPart({ name: "large" });
      const chunk = generated(mib, mebibytes);
      for (let index = 0; index < mebibytes; index += 1) {
        chunk.writeUInt32BE(index);
        yield chunkPart(chunk);
      }
    }
    const { file } = await files.uploadFile(parts());
    const hash = createHash("sha256");
    for await (const { data } of files.downloadFile({ fileId: file?.fileId ?? "" })) hash.update(data);
    expect(hash.digest("hex")).toBe(file?.sha256);
  };
  await transfer(32);
  const before = await storage.peakMemoryBytes();
  await transfer(512);
  expect((await storage.peakMemoryBytes()) - before).toBeLessThan(160 * mib);
});
