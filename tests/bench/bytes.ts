import { randomBytes } from "node:crypto";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { startChild } from "./child.ts";
import { type Comparison, speedOf } from "./compare.ts";
import { compareProcesses } from "./compare-processes.ts";
import { download, post, type Target } from "./http-load.ts";
import type { Row } from "./row.ts";
import type { World } from "./world.ts";

const mib = 1024 * 1024;
const sizeMib = 256;
const rounds = 5;
const sample = randomBytes(mib);

const bareServer = "a bare Node stream that hashes, syncs and renames on the same disk";

export const upload: Row = {
  name: "upload",
  against: bareServer,
  target: 0.7,
  measure: (world) =>
    besideBareServer(world, async (bare) => {
      const mesh = await world.separateProcesses();
      const ours = () => store(mesh.target("/api/v1/storage/files?name=upload.bin"));
      return compareProcesses(
        { run: ours, pids: mesh.process.roots },
        { run: () => store(bare), pids: bare.pids },
        world.roundsOf(rounds),
      );
    }),
};

export const downloadRow: Row = {
  name: "download",
  against: bareServer,
  target: 0.7,
  measure: (world) =>
    besideBareServer(world, async (bare) => {
      const mesh = await world.separateProcesses();
      await store(bare);
      await store(mesh.target("/api/v1/storage/files?name=download.bin"));
      type Files = { files: { fileId: string }[] };
      const { files } = await mesh.call<Files>("GET", "/api/v1/storage/files?prefix=download.bin");
      const content = mesh.target(`/api/v1/storage/files/${files[0]?.fileId}/content`);
      return compareProcesses(
        { run: () => speedOf(sizeMib, () => download(content)), pids: mesh.process.roots },
        { run: () => speedOf(sizeMib, () => download(bare)), pids: bare.pids },
        world.roundsOf(rounds),
      );
    }),
};

async function besideBareServer(
  world: World,
  measure: (bare: Target & { readonly pids: readonly number[] }) => Promise<Comparison>,
): Promise<Comparison> {
  await using bare = await startChild("./bare-bytes-server.ts", [await mkdtemp(join(world.folder, "bare-"))]);
  return await measure({ url: bare.url, headers: {}, pids: bare.pids });
}

export const store = (target: Target): Promise<number> =>
  speedOf(sizeMib, () => post(target, content(), sizeMib * mib));

/** Unique content, because known content takes a shortcut. */
function content(): Readable {
  const first = randomBytes(mib);
  return Readable.from(
    (function* () {
      yield first;
      for (let chunk = 1; chunk < sizeMib; chunk++) yield sample;
    })(),
    { objectMode: false },
  );
}
