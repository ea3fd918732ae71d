import type { StartedCli } from "./cli.ts";

/** Waits for what should happen while a command runs. Throws if the command ends before. */
export const orFailure = (happens: Promise<void>, { ended }: Pick<StartedCli, "ended">): Promise<void> =>
  Promise.race([
    happens,
    ended.then(({ code, stderr }) => Promise.reject(new Error(`it ended with ${code}: ${stderr}`))),
  ]);
