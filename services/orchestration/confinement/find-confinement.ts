import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { type Layer, layers, type Protection, protections } from "./layers.ts";
import { startConfined } from "./start-confined.ts";
import { giveToUser, takeUserId } from "./user-ids.ts";

export type Confinement = {
  /** What the platform lets a process be started with. */
  readonly layers: readonly Layer[];
  /** What a process that is started so was found unable to do. */
  readonly holds: ReadonlySet<Protection>;
};

const none: Confinement = { layers: [], holds: new Set() };
const probe = new URL("probe.ts", import.meta.url);

/** How long a probe may take: it is a start of Node and some system calls. */
const probeTimeoutMs = 30_000;

let found: Promise<Confinement> | undefined;

/** Finds out, once in a process, by trying, how this platform can confine an engine's process. */
export const findConfinement = (memoryBytes: number): Promise<Confinement> => {
  found ??= process.platform === "linux" ? search(memoryBytes) : Promise.resolve(none);
  return found;
};

/** Drops the layer that a launch names as impossible; a launch that names none tells by which layer it works without. */
async function search(memoryBytes: number): Promise<Confinement> {
  let wanted: readonly Layer[] = layers;
  while (wanted.length > 0) {
    const outcome = await tryLayers(wanted, memoryBytes);
    if (outcome.kind === "holds") return { layers: wanted, holds: outcome.holds };
    const refused = outcome.layer ?? (await findCulprit(wanted, memoryBytes)) ?? wanted[0];
    wanted = wanted.filter((layer) => layer !== refused);
  }
  return none;
}

async function findCulprit(wanted: readonly Layer[], memoryBytes: number): Promise<Layer | undefined> {
  for (const suspect of wanted) {
    const without = wanted.filter((layer) => layer !== suspect);
    if ((await tryLayers(without, memoryBytes)).kind === "holds") return suspect;
  }
  return undefined;
}

type Outcome =
  | { readonly kind: "holds"; readonly holds: ReadonlySet<Protection> }
  | { readonly kind: "failed"; readonly layer: Layer | undefined };

async function tryLayers(wanted: readonly Layer[], memoryBytes: number): Promise<Outcome> {
  const userId = takeUserId();
  const directory = await mkdtemp(join(tmpdir(), "sluice-probe-"));
  try {
    if (wanted.includes("user")) giveToUser(directory, userId);
    const child = startConfined({
      program: probe,
      directory,
      layers: wanted,
      memoryBytes,
      userId,
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), probeTimeoutMs);
    const exited = once(child, "close").catch(() => {});
    const [answer, complaint] = await Promise.all([
      text(child.stdio[3] as Duplex),
      text(child.stderr as NodeJS.ReadableStream),
      exited,
    ]).catch(() => ["", ""]);
    clearTimeout(timer);
    return readOutcome(answer, complaint);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function readOutcome(answer: string, complaint: string): Outcome {
  if (answer === "")
    return { kind: "failed", layer: layers.find((layer) => complaint.startsWith(`${layer}:`)) };
  const findings = JSON.parse(answer) as Record<Protection, boolean>;
  return { kind: "holds", holds: new Set(protections.filter((protection) => findings[protection])) };
}
