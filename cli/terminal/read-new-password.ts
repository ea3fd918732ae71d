import { text } from "node:stream/consumers";
import type { Call } from "../command/call.ts";
import { usageError } from "../failures/command-error.ts";

type NewPassword = {
  /** What allows the change. */
  readonly proof: string;
  readonly newPassword: string;
};

/** Asks for what allows the change, and twice for the new password; or reads two lines of standard input. */
export async function readNewPassword(call: Call, what: string, given: boolean): Promise<NewPassword> {
  if (given) return parseLines(await text(process.stdin), what);
  if (!call.canAsk) {
    throw usageError(`the ${what} is missing`, "give --password-stdin and send two lines to standard input");
  }
  const { askSecret } = await import("./ask.ts");
  const proof = await askSecret(`${what[0]?.toUpperCase()}${what.slice(1)}`);
  const newPassword = await askSecret("New password");
  if ((await askSecret("New password again")) !== newPassword) {
    throw usageError("the two new passwords differ", "repeat the command");
  }
  return { proof, newPassword };
}

function parseLines(lines: string, what: string): NewPassword {
  const [proof, newPassword, ...rest] = lines.replace(/\r?\n$/, "").split(/\r?\n/);
  if (proof && newPassword && rest.length === 0) return { proof, newPassword };
  throw usageError(`standard input needs two lines: the ${what} and the new password`);
}
