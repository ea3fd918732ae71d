import { once } from "node:events";
import { readdir, readlink } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { buffer } from "node:stream/consumers";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { generated, mib, startStorage, upload } from "../storage/fixtures.ts";
import { bearer, orgId, startTestEdge, userId } from "./lib/test-edge.ts";

const who = principal({ orgId, userId, roles: ["editor"] });
const content = generated(16 * mib);
const readers = 200;
/** Growth by the second half of the readers, who are in this process, too. Without a common bound, each takes 2 MiB. */
const growthMax = 100 * mib;

const storage = forFile(startStorage);
const file = forFile(() => upload(storage(), who, { content }));
const edge = forFile(() =>
  startTestEdge({
    services: [FileService, BlobService],
    upstreams: { storage: storage().address },
    storageDirectory: storage().directory,
  }),
);

/** A download whose reader takes the head and one chunk, and then nothing. */
async function startReading(): Promise<IncomingMessage> {
  const path = `/api/v1/storage/files/${file().fileId}/content`;
  const sent = request({ host: "127.0.0.1", port: edge().port, path, agent: false, headers: bearer });
  sent.end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  response.on("error", () => undefined);
  await once(response, "readable");
  return response;
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes in buffers that are in use. */
function heldBytes(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

test("OK: 200 slow readers within bounded memory, beside others, and each can go on", async () => {
  (await startReading()).destroy();
  const slow: IncomingMessage[] = [];
  for (let at = 0; at < readers / 2; at += 1) slow.push(await startReading());
  const half = heldBytes();
  for (let at = 0; at < readers / 2; at += 1) slow.push(await startReading());
  expect(heldBytes() - half).toBeLessThan(growthMax);
  expect((await buffer(await startReading())).equals(content)).toBe(true);
  const [first, ...others] = slow;
  for (const response of others) response.destroy();
  expect(first && (await buffer(first)).equals(content)).toBe(true);
}, 120_000);

test("OK: readers who go away half-way leave nothing open", async () => {
  for (let round = 0; round < 10; round += 1) {
    const readings = await Promise.all(Array.from({ length: 10 }, startReading));
    for (const response of readings) response.destroy();
  }
  // The edge and storage, which run in this process, keep a file open for ten seconds after its last reader.
  const open = async () => {
    const links = (await readdir("/proc/self/fd")).map((name) => readlink(`/proc/self/fd/${name}`));
    const paths = await Promise.allSettled(links);
    return paths.filter((path) => path.status === "fulfilled" && path.value.includes(file().sha256)).length;
  };
  expect(await open()).toBeLessThanOrEqual(2);
  expect((await buffer(await startReading())).equals(content)).toBe(true);
}, 60_000);
