/** One round of a contender. Returns its speed, in units of work per second. */
export type Contender = () => Promise<number>;

/** Peak memory of both sides, in MB (10^6 bytes): PSS of all processes, including PostgreSQL's. */
type PeakMb = { readonly ours?: number; readonly other?: number };

export type Comparison = {
  /** Median over the rounds of Sluice's speed divided by the other's in the same round. */
  readonly ratio: number;
  /** Median speeds. Only their relation is meaningful. */
  readonly figures: {
    readonly ours: number;
    readonly other: number;
    readonly rounds: number;
    readonly [more: string]: number | string;
  };
  readonly peakMb?: PeakMb;
};

/** A figure of Sluice alone, without a comparison. */
export type Figure = {
  readonly value: number;
  readonly unit: "MB" | "ms" | "/s" | "x" | "%";
  readonly figures?: Readonly<Record<string, number | string>>;
};

/** Runs both alternately, after a warm-up round, so that other load on the machine affects both. */
export async function compare(ours: Contender, other: Contender, rounds: number): Promise<Comparison> {
  await other();
  await ours();
  const speeds: { ours: number; other: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    speeds.push({ other: await other(), ours: await ours() });
  }
  return {
    ratio: median(speeds.map((speed) => speed.ours / speed.other)),
    figures: {
      ours: median(speeds.map((speed) => speed.ours)),
      other: median(speeds.map((speed) => speed.other)),
      rounds,
    },
  };
}

/** Runs `work`, which processes `amount` units. Returns units per second. */
export async function speedOf(amount: number, work: () => Promise<unknown>): Promise<number> {
  const beganMs = performance.now();
  await work();
  return (amount * 1000) / (performance.now() - beganMs);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  return (upper + lower) / 2;
}
