import { type Comparison, type Contender, compare, median } from "./compare.ts";
import { lapOf, missingForMemory } from "./peak-memory.ts";
import { processorSeconds } from "./processor-time.ts";

/** A contender with the processes that do its work, without those of its client; undefined if they can't be watched. */
export type Side = { readonly run: Contender; readonly pids?: readonly number[] };

/**
 * Compares as `compare` does. The figures also have the median processor seconds of a round, which other load on the machine
 * changes less than the time. The peak memory is that of the round before, which is not timed.
 */
export async function compareProcesses(ours: Side, other: Side, rounds: number): Promise<Comparison> {
  const [one, two] = [watched(ours), watched(other)];
  const comparison = await compare(one.run, two.run, rounds);
  const [oursSeconds, otherSeconds] = [one.processorSeconds(), two.processorSeconds()];
  const [oursPeak, otherPeak] = [one.peakMb(), two.peakMb()];
  return {
    ...comparison,
    figures: {
      ...comparison.figures,
      ...(oursSeconds !== undefined && { oursProcessorSeconds: oursSeconds }),
      ...(otherSeconds !== undefined && { otherProcessorSeconds: otherSeconds }),
    },
    peakMb: {
      ...(oursPeak !== undefined && { ours: oursPeak }),
      ...(otherPeak !== undefined && { other: otherPeak }),
    },
  };
}

function watched({ run, pids }: Side) {
  const seconds: number[] = [];
  let isFirst = true;
  let peakMb: number | undefined;
  return {
    peakMb: () => peakMb,
    processorSeconds: () => (seconds.length > 0 ? median(seconds) : undefined),
    async run() {
      if (!pids || missingForMemory()) return run();
      if (isFirst) {
        isFirst = false;
        // Sampling the memory takes processor time.
        const lap = await lapOf({ watched: true }, pids, run);
        peakMb = lap.peakMb;
        return lap.seconds;
      }
      const before = processorSeconds(pids);
      const speed = await run();
      seconds.push(processorSeconds(pids) - before);
      return speed;
    },
  };
}
