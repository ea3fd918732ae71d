import { randomBytes } from "node:crypto";
import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { store } from "./bytes.ts";
import { type Comparison, speedOf } from "./compare.ts";
import { compareProcesses } from "./compare-processes.ts";
import { download, type Target } from "./http-load.ts";
import { ranges, storedContent } from "./ranges.ts";
import type { Row } from "./row.ts";
import type { World } from "./world.ts";

const mib = 1024 * 1024;
const sizeMib = 256;
const rounds = 5;
const against = "the same without encryption";

/** Encrypted content beside plain content, each in a mesh in one process. */
export const encryptedRows: readonly Row[] = [
  {
    name: "encrypted upload",
    against,
    target: 0.6,
    async measure(world) {
      const [encrypted, plain] = await Promise.all([world.encrypted(), world.oneProcess()]);
      const path = "/api/v1/storage/files?name=upload.bin";
      return compareProcesses(
        { run: () => store(encrypted.target(path)), pids: encrypted.process.roots },
        { run: () => store(plain.target(path)), pids: plain.process.roots },
        world.roundsOf(rounds),
      );
    },
  },
  {
    name: "encrypted download",
    against,
    target: 0.6,
    measure: (world) =>
      besidePlain(world, (target) => speedOf(sizeMib, async () => void (await download(target)))),
  },
  { name: "encrypted 64 KiB ranges", against, target: 0.6, measure: (world) => besidePlain(world, ranges) },
];

async function besidePlain(world: World, speed: (target: Target) => Promise<number>): Promise<Comparison> {
  const file = join(await mkdtemp(join(world.folder, "encrypted-")), "content");
  await writeFile(file, randomBytes(sizeMib * mib));
  const [encrypted, plain] = [await world.encrypted(), await world.oneProcess()];
  const [sealed, open] = [await storedContent(encrypted, file), await storedContent(plain, file)];
  return compareProcesses(
    { run: () => speed(sealed), pids: encrypted.process.roots },
    { run: () => speed(open), pids: plain.process.roots },
    world.roundsOf(rounds),
  );
}
