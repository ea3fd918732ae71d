import { type Comparison, median } from "./compare.ts";

/** What one did in a round: the seconds it took, and the most memory it had in use where that was looked at. */
export type Lap = { readonly seconds: number; readonly peakMb?: number };

/** Does its work once. With `watched` the memory is looked at, which takes processor time: such a lap's time is not used. */
export type Racer = (lap: { readonly watched: boolean }) => Promise<Lap>;

/** The laps of all racers, by name. */
export type Race<Name extends string> = {
  readonly rounds: number;
  readonly laps: Readonly<Record<Name, readonly Lap[]>>;
  readonly peakMb: Readonly<Record<Name, number | undefined>>;
};

/**
 * Lets racers take turns, each once a round, in the order of their names here. The first round is watched and not
 * timed.
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

/** How many times as fast as another one a racer was: the median of the rounds. */
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
