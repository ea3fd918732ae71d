import { type Comparison, median } from "./compare.ts";

/** One racer's result of a round: seconds, and the peak memory if it was watched. */
export type Lap = { readonly seconds: number; readonly peakMb?: number };

/** Does the work once. A `watched` lap samples the memory, which costs CPU time, so its seconds are not used. */
export type Racer = (lap: { readonly watched: boolean }) => Promise<Lap>;

/** Laps of all racers, by name. */
export type Race<Name extends string> = {
  readonly rounds: number;
  readonly laps: Readonly<Record<Name, readonly Lap[]>>;
  readonly peakMb: Readonly<Record<Name, number | undefined>>;
};

/**
 * Runs the racers alternately, each once per round, in the order given. The first round is watched and not timed.
 */
export async function race<Name extends string>(
  racers: Readonly<Record<Name, Racer>>,
  rounds: number,
): Promise<Race<Name>> {
  const names = Object.keys(racers) as Name[];
  const peakMb = {} as Record<Name, number | undefined>;
  const laps = {} as Record<Name, Lap[]>;
  for (const name of names) {
    peakMb[name] = (await racers[name]({ watched: true })).peakMb;
    laps[name] = [];
  }
  for (let round = 0; round < rounds; round++) {
    for (const name of names) laps[name].push(await racers[name]({ watched: false }));
  }
  return { rounds, laps, peakMb };
}

/** Speed of a racer relative to another: the median over the rounds. */
export function ratioIn<Name extends string>(
  { rounds, laps, peakMb }: Race<Name>,
  ours: Name,
  other: Name,
): Comparison {
  const seconds = (name: Name) => laps[name].map((lap) => lap.seconds);
  const others = seconds(other);
  const [ourPeak, otherPeak] = [peakMb[ours], peakMb[other]];
  return {
    ratio: median(seconds(ours).map((value, round) => (others[round] ?? Number.NaN) / value)),
    figures: { ours: medianSeconds(laps[ours]), other: medianSeconds(laps[other]), rounds, unit: "s" },
    peakMb: {
      ...(ourPeak !== undefined && { ours: ourPeak }),
      ...(otherPeak !== undefined && { other: otherPeak }),
    },
  };
}

export const medianSeconds = (laps: readonly Lap[]): number => median(laps.map(({ seconds }) => seconds));
