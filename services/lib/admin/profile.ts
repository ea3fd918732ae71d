import { Session } from "node:inspector/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** CPU time, or memory allocations. */
export type ProfileKind = "cpu" | "heap";

/** Mean number of bytes between two sampled allocations. */
const heapSamplingBytes = 64 * 1024;

/**
 * Takes profiles, one at a time: undefined while another is running. It ends early when the client disconnects. A heap
 * profile names allocation sites without contents; a snapshot would pause the process and contain every secret.
 */
export function createProfiler(): (
  kind: ProfileKind,
  lengthMs: number,
  signal: AbortSignal,
) => Promise<string | undefined> {
  let busy = false;
  return async (kind, lengthMs, signal) => {
    if (busy) return undefined;
    busy = true;
    const session = new Session();
    try {
      session.connect();
      const during = () => sleep(lengthMs, undefined, { signal: signal }).catch(() => undefined);
      return JSON.stringify(await (kind === "cpu" ? cpuProfile : heapProfile)(session, during));
    } finally {
      session.disconnect();
      busy = false;
    }
  };
}

async function cpuProfile(session: Session, during: () => Promise<void>): Promise<object> {
  await session.post("Profiler.enable");
  await session.post("Profiler.start");
  await during();
  const { profile } = await session.post("Profiler.stop");
  return profile;
}

async function heapProfile(session: Session, during: () => Promise<void>): Promise<object> {
  await session.post("HeapProfiler.startSampling", { samplingInterval: heapSamplingBytes });
  await during();
  const { profile } = await session.post("HeapProfiler.stopSampling");
  return profile;
}
