import { Session } from "node:inspector/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** Where the processor's time goes, or where memory is taken. */
export type ProfileKind = "cpu" | "heap";

/** Bytes between two allocations that are looked at, on average. */
const heapSamplingBytes = 64 * 1024;

/**
 * Takes profiles, one at a time: undefined while another is being taken. It ends early when the reader has gone. A heap
 * profile says who took memory, and not what stands in it; a snapshot would hold every secret and stop the process.
 */
export function createProfiler(): (
  kind: ProfileKind,
  lengthMs: number,
  gone: AbortSignal,
) => Promise<string | undefined> {
  let busy = false;
  return async (kind, lengthMs, gone) => {
    if (busy) return undefined;
    busy = true;
    const session = new Session();
    try {
      session.connect();
      const during = () => sleep(lengthMs, undefined, { signal: gone }).catch(() => undefined);
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
