import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hasS3 } from "../storage/s3/s3-server.ts";
import { download, type Target } from "./http-load.ts";
import { missingForMemory } from "./peak-memory.ts";
import { storedContent } from "./ranges.ts";
import type { Row } from "./row.ts";
import type { Mesh, WholeMesh, World } from "./world.ts";

// Readers who take the begin of a large file, and then nothing. What the process holds for them must not grow with the file.

const mib = 1024 * 1024;
const sizeMib = 256;
const fewReaders = 20;
const readers = 200;
/** Until buffers are full and those of the uploads are freed, in milliseconds. */
const settleMs = 10_000;

const row = (
  from: string,
  start: (world: World) => Promise<Mesh<WholeMesh>>,
  missing: Row["missing"],
): Row => ({
  name: `memory for ${readers - fewReaders} more slow readers of ${sizeMib} MiB from ${from}, one process`,
  target: { atMost: 100 },
  missing: () => missingForMemory() ?? missing?.(),
  async measure(world) {
    const mesh = await start(world);
    const file = join(await mkdtemp(join(world.folder, "slow-")), "content");
    await writeFile(file, randomBytes(sizeMib * mib));
    const content = await storedContent(mesh, file);
    await download(content);
    const [few, many] = await residentBytes(mesh.process.pid, content);
    return {
      value: (many - few) / 1e6,
      unit: "MB",
      figures: { fewReaders, fewMb: few / 1e6, readers, manyMb: many / 1e6 },
    };
  },
});

export const slowReaderRows: readonly Row[] = [
  row("the disk", (world) => world.oneProcess(), undefined),
  row(
    "S3",
    async (world) => (await world.onS3()).mesh,
    () => (hasS3 ? undefined : ".ci/install-s3-server has not installed the S3 server"),
  ),
];

/** Resident memory of a process with few slow readers, and with many. */
async function residentBytes(pid: number, content: Target): Promise<[few: number, many: number]> {
  const reading: ClientRequest[] = [];
  const startUpTo = async (count: number) => {
    while (reading.length < count) reading.push(await startReading(content));
    await sleep(settleMs);
    const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kib) * 1024;
  };
  try {
    return [await startUpTo(fewReaders), await startUpTo(readers)];
  } finally {
    for (const call of reading) call.destroy();
  }
}

/** Reads the head of a response and one chunk. */
async function startReading({ url, headers }: Target): Promise<ClientRequest> {
  const call = request(url, { headers, agent: false });
  call.on("error", () => undefined);
  call.end();
  const [response] = (await once(call, "response")) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`a download has the status ${response.statusCode}`);
  response.on("error", () => undefined);
  await once(response, "readable");
  return call;
}
