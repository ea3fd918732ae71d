import { text } from "node:stream/consumers";
import type { Call } from "../command/call.ts";
import { usageError } from "../failures/command-error.ts";

/**
 * Reads a secret from standard input or asks for it. It is never an argument: other users of the machine see the arguments of a command, and
 * the shell keeps them.
 */
export async function readSecret(
  call: Call,
  what: string,
  { option, given }: { option: string; given: boolean },
): Promise<string> {
  if (!given && !call.canAsk) {
    throw usageError(`the ${what} is missing`, `give ${option} and send it to standard input`);
  }
  if (!given) {
    const { askSecret } = await import("./ask.ts");
    return askSecret(`${what[0]?.toUpperCase()}${what.slice(1)}`);
  }
  if (process.stdin.isTTY) call.terminal.note(`Type the ${what}, then Ctrl-D. It is shown while you type.`);
  // `echo` adds a line end that is not part of the secret.
  const secret = (await text(process.stdin)).replace(/\r?\n$/, "");
  if (secret === "") throw usageError(`standard input has no ${what}`, `pipe the ${what} into the command`);
  return secret;
}
