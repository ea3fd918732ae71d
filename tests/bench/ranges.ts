import { randomBytes, randomInt } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startChild } from "./child.ts";
import { type Comparison, speedOf } from "./compare.ts";
import { compareProcesses } from "./compare-processes.ts";
import { download, post, type Target } from "./http-load.ts";
import { nginxMissing, startNginx } from "./nginx.ts";
import { type RawRequest, rawRequest, sendMany } from "./raw-load.ts";
import type { Row } from "./row.ts";
import type { Mesh, World } from "./world.ts";

const mib = 1024 * 1024;
const sizeMib = 256;
const rangeBytes = 64 * 1024;
const connections = 8;
const count = 4_000;
const rounds = 5;

const name = "64 KiB ranges by 8 connections";
const bareNode = "a bare Node server that keeps the descriptor open";

type Rival = (folder: string, file: string) => Promise<AsyncDisposable & { url: string; pids: number[] }>;

const node: Rival = (_, file) => startChild("./bare-ranges-server.ts", [file]);
const nginx: Rival = async (folder) => {
  const server = await startNginx(folder);
  return { ...server, url: `${server.url}/content` };
};

/** Ranges of a stored file as a Parquet reader requests them, compared with other servers on the same bytes. */
export const rangeRows: readonly Row[] = [
  {
    name: `${name}, one process`,
    against: bareNode,
    target: 0.8,
    measure: (world) => besideRival(world, world.oneProcess, node, ranges),
  },
  {
    name: `${name}, separate processes`,
    against: bareNode,
    target: 0.8,
    measure: (world) => besideRival(world, world.separateProcesses, node, ranges),
  },
  {
    name: `${name}, one process`,
    against: "nginx",
    target: 0.1,
    missing: nginxMissing,
    measure: (world) => besideRival(world, world.oneProcess, nginx, ranges),
  },
  {
    name: "download of a whole file, separate processes",
    against: "nginx",
    target: 0.8,
    missing: nginxMissing,
    measure: (world) => besideRival(world, world.separateProcesses, nginx, whole),
  },
];

async function besideRival(
  world: World,
  start: () => Promise<Mesh<{ readonly roots: readonly number[] }>>,
  startRival: Rival,
  speed: (target: Target) => Promise<number>,
): Promise<Comparison> {
  const folder = await mkdtemp(join(world.folder, "ranges-"));
  const file = join(folder, "content");
  await writeFile(file, randomBytes(sizeMib * mib));
  const mesh = await start();
  const ours = await storedContent(mesh, file);
  await using rival = await startRival(folder, file);
  return await compareProcesses(
    { run: () => speed(ours), pids: mesh.process.roots },
    { run: () => speed({ url: rival.url, headers: {} }), pids: rival.pids },
    world.roundsOf(rounds),
  );
}

/** URL of a newly uploaded file. */
export async function storedContent(mesh: Mesh<unknown>, file: string): Promise<Target> {
  const title = `ranges-${randomInt(2 ** 40)}.bin`;
  await post(
    mesh.target(`/api/v1/storage/files?name=${title}`),
    createReadStream(file),
    (await stat(file)).size,
  );
  type Files = { files: { fileId: string }[] };
  const { files } = await mesh.call<Files>("GET", `/api/v1/storage/files?prefix=${title}`);
  return mesh.target(`/api/v1/storage/files/${files[0]?.fileId}/content`);
}

/** Requests per second. */
export function ranges({ url, headers }: Target): Promise<number> {
  const target = new URL(url);
  const requests: RawRequest[] = Array.from({ length: 256 }, () => {
    const start = randomInt((sizeMib * mib) / rangeBytes) * rangeBytes;
    const range = `bytes=${start}-${start + rangeBytes - 1}`;
    return { bytes: rawRequest("GET", target, { ...headers, range }), status: 206 };
  });
  const next = () => requests[randomInt(requests.length)] as RawRequest;
  return speedOf(count, () => sendMany(target, { count, connections }, next));
}

/** MiB per second. */
const whole = (target: Target): Promise<number> => speedOf(sizeMib, () => download(target));
