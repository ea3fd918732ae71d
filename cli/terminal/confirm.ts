import type { Call } from "../command/call.ts";
import { interrupted, usageError } from "../failures/command-error.ts";
import { neutralise } from "./neutralise.ts";

/** Asks before something is removed for good; a script says `--yes`. */
export async function confirm(call: Call, question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!call.canAsk) throw usageError("this can't be undone", "add --yes if you are sure");
  const { askYes } = await import("./ask.ts");
  if (!(await askYes(neutralise(question)))) throw interrupted("nothing was changed");
}
