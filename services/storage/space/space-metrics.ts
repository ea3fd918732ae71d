import { Gauge } from "prom-client";
import { registry } from "../../lib/telemetry/metrics.ts";
import type { DiskSpace } from "./disk-space.ts";

const spaces = new Set<DiskSpace>();

/** Exports the space of a disk until disposed. */
export function addDiskSpace(space: DiskSpace): Disposable {
  spaces.add(space);
  return { [Symbol.dispose]: () => void spaces.delete(space) };
}

const statesOf = () => Promise.all([...spaces].map((space) => space.state()));

new Gauge({
  name: "sluice_storage_read_only",
  help: "1 while storage takes no new content because its disk is full.",
  registers: [registry],
  async collect() {
    this.set((await statesOf()).some(({ readOnly }) => readOnly) ? 1 : 0);
  },
});

new Gauge({
  name: "sluice_storage_free_bytes",
  help: "Free bytes of the disk of storage.",
  registers: [registry],
  async collect() {
    this.set(Math.min(...(await statesOf()).map(({ freeBytes }) => freeBytes), Number.MAX_SAFE_INTEGER));
  },
});
