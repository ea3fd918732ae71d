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
  /** Layers that the platform supports. */
  readonly layers: readonly Layer[];
  /** Protections that a probe with these layers confirmed. */
  readonly holds: ReadonlySet<Protection>;
};

const none: Confinement = { layers: [], holds: new Set() };
const probe = new URL("probe.ts", import.meta.url);

/** Time limit of a probe, which starts Node and makes some system calls. */
const probeTimeoutMs = 30_000;

let found: Promise<Confinement> | undefined;

/** Probes how this platform can confine an engine process. The result is cached. */
export const findConfinement = (memoryBytes: number): Promise<Confinement> => {
  found ??= process.platform === "linux" ? search(memoryBytes) : Promise.resolve(none);
  return found;
};

/** Drops layers until a probe starts. A failed launch names its layer, or it is found by leaving layers out one by one. */
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

type ProbeOutcome =
  | { readonly kind: "holds"; readonly holds: ReadonlySet<Protection> }
  | { readonly kind: "failed"; readonly layer: Layer | undefined };

async function tryLayers(wanted: readonly Layer[], memoryBytes: number): Promise<ProbeOutcome> {
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
    const [findings, stderr] = await Promise.all([
      text(child.stdio[3] as Duplex),
      text(child.stderr as NodeJS.ReadableStream),
      exited,
    ]).catch(() => ["", ""]);
    clearTimeout(timer);
    return readOutcome(findings, stderr);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function readOutcome(json: string, stderr: string): ProbeOutcome {
  if (json === "") return { kind: "failed", layer: layers.find((layer) => stderr.startsWith(`${layer}:`)) };
  const findings = JSON.parse(json) as Record<Protection, boolean>;
  return { kind: "holds", holds: new Set(protections.filter((protection) => findings[protection])) };
}
