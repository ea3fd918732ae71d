import { ConnectError } from "@connectrpc/connect";

/** What the caller of a call that has to fail is told. */
export async function failureWords(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    return ConnectError.from(error).rawMessage;
  }
  throw new Error("a call that must be refused was not");
}
