import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, stat } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

// Baseline: a POST becomes a file, hashed, synced and renamed; a GET sends it back. Nothing is authenticated, reserved or
// verified. Argument: <folder>.
const [folder = ""] = process.argv.slice(2);
const readBytes = 1024 * 1024;

const server = createServer(async (request, response) => {
  const path = join(folder, "stored");
  if (request.method === "POST") {
    const sha256 = await store(request, path);
    response.writeHead(201, { "content-type": "application/json" }).end(JSON.stringify({ sha256 }));
    return;
  }
  const { size } = await stat(path);
  response.writeHead(200, { "content-length": size });
  await pipeline(createReadStream(path, { highWaterMark: readBytes }), response);
});

async function store(request: IncomingMessage, path: string): Promise<string> {
  const hash = createHash("sha256");
  const temporary = join(folder, randomUUID());
  await using file = await open(temporary, "w");
  for await (const chunks of coalesced(request)) {
    for (const chunk of chunks) hash.update(chunk);
    await file.writev(chunks);
  }
  await file.datasync();
  await rename(temporary, path);
  await using directory = await open(folder, "r");
  await directory.sync();
  return hash.digest("hex");
}

/** Batches writes, so that awaiting small ones does not dominate the measurement. */
async function* coalesced(request: IncomingMessage): AsyncIterable<Buffer[]> {
  let chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes < readBytes) continue;
    yield chunks;
    chunks = [];
    sizeBytes = 0;
  }
  if (chunks.length > 0) yield chunks;
}

server.listen(0, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
