/** What a contender does in one round: answers its speed, in units of work a second. */
export type Contender = () => Promise<number>;

/** Most memory that both sides had in use, in MB (10^6 bytes): PSS of all processes, PostgreSQL's included. */
type PeakMb = { readonly ours?: number; readonly other?: number };

export type Comparison = {
  /** Median over the rounds of our speed divided by the other's in the same round. */
  readonly ratio: number;
  /** Median speeds, for people: they mean something beside each other only. */
  readonly figures: {
    readonly ours: number;
    readonly other: number;
    readonly rounds: number;
    readonly [more: string]: number | string;
  };
  readonly peakMb?: PeakMb;
};

/** A measure of Sluice alone, where there is nothing to compare it with. */
export type Figure = {
  readonly value: number;
  readonly unit: "MB" | "ms" | "/s" | "x" | "%";
  readonly figures?: Readonly<Record<string, number | string>>;
};

/** Lets both take turns, after a round that does not count, so that what the machine does beside meets both. */
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

/** Does `work`, which is worth `amount`, and answers the amount a second. */
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
