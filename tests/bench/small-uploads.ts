import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { type Comparison, compare, speedOf } from "./compare.ts";
import { compareProcesses } from "./compare-processes.ts";
import { post } from "./http-load.ts";
import { rawRequest, sendMany } from "./raw-load.ts";
import type { Row } from "./row.ts";
import type { Mesh, World } from "./world.ts";

const mib = 1024 * 1024;
const largeMib = 256;
const smallBytes = 4 * 1024;
const connections = 16;
const count = 1_000;
const rounds = 5;
/** Wanted uploads per second. */
const wanted = 300;

const smallRow = (mode: string, start: (world: World) => Promise<Mesh<unknown>>): Row => ({
  name: `uploads of 4 KiB by 16 connections, ${mode}`,
  against: `${wanted} a second`,
  target: 1,
  async measure(world): Promise<Comparison> {
    const mesh = await start(world);
    return compare(
      () => speedOf(count, () => storeSmall(mesh)),
      async () => wanted,
      rounds,
    );
  },
});

const largeRow = (
  mode: string,
  start: (world: World) => Promise<Mesh<{ readonly roots: readonly number[] }>>,
): Row => ({
  name: `upload of 256 MiB, ${mode}`,
  against: "dd conv=fsync on the same disk",
  target: 0.6,
  async measure(world): Promise<Comparison> {
    const mesh = await start(world);
    const target = mesh.target("/api/v1/storage/files?name=large.bin");
    return compareProcesses(
      {
        run: () => speedOf(largeMib, () => post(target, content(), largeMib * mib)),
        pids: mesh.process.roots,
      },
      { run: () => speedOf(largeMib, () => dd(join(world.folder, "dd"))) },
      world.roundsOf(rounds),
    );
  },
});

export const uploadRows: readonly Row[] = [
  smallRow("one process", (world) => world.oneProcess()),
  smallRow("separate processes", (world) => world.separateProcesses()),
  largeRow("one process", (world) => world.oneProcess()),
  largeRow("separate processes", (world) => world.separateProcesses()),
];

/** Unique contents, because storage keeps equal ones once. */
function storeSmall(mesh: Mesh<unknown>): Promise<void> {
  const { url, headers } = mesh.target("/api/v1/storage/files?name=small.bin");
  const target = new URL(url);
  const sent = { ...headers, "content-type": "application/octet-stream", "content-length": smallBytes };
  return sendMany(target, { count, connections }, () => ({
    bytes: rawRequest("POST", target, sent, randomBytes(smallBytes)),
    status: 201,
  }));
}

async function dd(file: string): Promise<void> {
  const args = ["if=/dev/zero", `of=${file}`, "bs=1M", `count=${largeMib}`, "conv=fsync", "status=none"];
  const [code] = await once(spawn("dd", args, { stdio: "inherit" }), "close");
  if (code !== 0) throw new Error(`dd ended with ${code}`);
  await rm(file);
}

function content(): Readable {
  const chunks = function* () {
    yield randomBytes(mib);
    for (let chunk = 1; chunk < largeMib; chunk++) yield sample;
  };
  return Readable.from(chunks(), { objectMode: false });
}

const sample = randomBytes(mib);
