import { log, progress, spinner } from "@clack/prompts";
import { ConnectError } from "@connectrpc/connect";

/** Runs a step with a spinner on a terminal, or one line in a log. */
export async function step<Result>(title: string, work: () => Promise<Result>): Promise<Result> {
  const line = process.stdout.isTTY ? spinner() : undefined;
  line?.start(title);
  try {
    const result = await work();
    if (line) line.stop(title);
    else log.step(title);
    return result;
  } catch (error) {
    line?.error(title);
    throw error;
  }
}

/** Runs a step that Sluice refuses, and prints its error message. */
export async function refused(title: string, work: () => Promise<unknown>): Promise<void> {
  const words = await work().then(() => undefined, wordsOf);
  if (words === undefined) throw new Error(`${title}: that must be refused, and was not`);
  log.warn(`${title}, and is refused:\n${words}`);
}

export const wordsOf = (error: unknown): string => ConnectError.from(error).rawMessage;

/** Progress bar in percent; in a log, one line at the end. */
export function progressBar(title: string) {
  const bar = process.stdout.isTTY ? progress({ max: 100 }) : undefined;
  bar?.start(title);
  let reached = 0;
  return {
    reach(percent: number, words: string) {
      bar?.advance(percent - reached, words);
      reached = percent;
    },
    stop(words: string) {
      if (bar) bar.stop(words);
      else log.step(words);
    },
  };
}
