import type { Ask, Standing, Turn } from "./limit.ts";

/** What became of a turn. */
export type Verdict = {
  /** In the order of the asks. */
  readonly standings: readonly Standing[];
  /** Gives the places of a granted turn back, the first time that it is called; undefined when it was refused. */
  readonly giveBack: (() => void) | undefined;
};

/** Counts what callers take. */
export type Limiter = AsyncDisposable & {
  /** Takes all that a turn asks for, or nothing. Does not fail. */
  take(turn: Turn): Verdict | Promise<Verdict>;
  /** Takes an ask's tokens, also those that are not there: they are owed. */
  charge(ask: Ask): void;
};

/** One call's verdict from what a table said. `give` is called once for each place. */
export function verdictOf(
  turn: Turn,
  standings: readonly Standing[],
  isGranted: boolean,
  give: (key: string) => void,
): Verdict {
  if (!isGranted) return { standings, giveBack: undefined };
  let given = false;
  return {
    standings,
    giveBack() {
      if (given) return;
      given = true;
      for (const { key } of turn) give(key);
    },
  };
}
