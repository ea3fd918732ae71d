import { log, progress, spinner } from "@clack/prompts";
import { ConnectError } from "@connectrpc/connect";

/** Runs a step of the journey, with a spinner on a terminal and one line in a log. */
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

/** Runs a step that Sluice must refuse, and prints its error message. */
export async function refused(title: string, work: () => Promise<unknown>): Promise<void> {
  const message = await work().then(() => undefined, messageOf);
  if (message === undefined) throw new Error(`${title}: expected an error, but the call succeeded`);
  log.warn(`${title}; Sluice refuses:\n${message}`);
}

export const messageOf = (error: unknown): string => ConnectError.from(error).rawMessage;

/** A progress bar up to 100 percent; in a log, one line at its end. */
export function progressBar(title: string) {
  const bar = process.stdout.isTTY ? progress({ max: 100 }) : undefined;
  bar?.start(title);
  let reached = 0;
  return {
    advanceTo(percent: number, message: string) {
      bar?.advance(percent - reached, message);
      reached = percent;
    },
    stop(message: string) {
      if (bar) bar.stop(message);
      else log.step(message);
    },
  };
}
