import { createHash, randomFillSync } from "node:crypto";
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { peakMemoryBytes } from "../lib/proc.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { caller, logIn } from "./api.ts";
import { startOnFolder } from "./mesh-process.ts";

const password = "a long first password";
const mebibyte = 1024 * 1024;
/** Memory that a mesh in one process may gain by an upload of any size, in bytes. */
const growthMax = 400 * mebibyte;

test("OK: 1 GiB goes in through the edge byte for byte, within bounded memory", {
  timeout: 300_000,
}, async () => {
  await using folder = await temporaryFolder();
  await using mesh = await startOnFolder(folder.path, password);
  const headers = { authorization: `Bearer ${await logIn(mesh.url, password)}` };
  const upload = async (mebibytes: number) => {
    const sent = createHash("sha256");
    const { status, body } = await caller(mesh.url, headers)(
      "POST",
      "/api/v1/storage/files",
      Readable.from(form(mebibytes, (chunk) => sent.update(chunk))),
      { "content-type": "multipart/form-data; boundary=limit" },
    );
    expect(status).toBe(201);
    return { file: JSON.parse(body).file, sha256: sent.digest("hex") };
  };
  await upload(8);
  const before = await peakMemoryBytes(mesh.pid);

  const { file, sha256 } = await upload(1024);
  expect(file).toMatchObject({ sizeBytes: String(1024 * mebibyte), sha256 });
  expect((await peakMemoryBytes(mesh.pid)) - before).toBeLessThan(growthMax);
});

/** A form with one file of distinct chunks of a mebibyte. `look` gets each chunk as it is sent. */
function* form(mebibytes: number, look: (chunk: Buffer) => void): Generator<Buffer> {
  yield Buffer.from('--limit\r\nContent-Disposition: form-data; name="file"; filename="large"\r\n\r\n');
  const noise = randomFillSync(Buffer.alloc(mebibyte));
  for (let index = 0; index < mebibytes; index += 1) {
    // A copy, since the previous chunk may still be queued.
    const chunk = Buffer.from(noise);
    chunk.writeUInt32BE(index);
    look(chunk);
    yield chunk;
  }
  yield Buffer.from("\r\n--limit--\r\n");
}
