import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, stat } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

// The other side of the comparison: a POST becomes a file, hashed, synced and renamed; a GET sends one back. Nothing
// is authenticated, reserved or verified. Argument: <folder>.
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
  for await (const pieces of coalesced(request)) {
    for (const piece of pieces) hash.update(piece);
    await file.writev(pieces);
  }
  await file.datasync();
  await rename(temporary, path);
  await using directory = await open(folder, "r");
  await directory.sync();
  return hash.digest("hex");
}

/** Small awaited writes would be what is measured. */
async function* coalesced(request: IncomingMessage): AsyncIterable<Buffer[]> {
  let pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of request) {
    pieces.push(piece);
    sizeBytes += piece.length;
    if (sizeBytes < readBytes) continue;
    yield pieces;
    pieces = [];
    sizeBytes = 0;
  }
  if (pieces.length > 0) yield pieces;
}

server.listen(0, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
