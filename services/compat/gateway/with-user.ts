import { Code, ConnectError } from "@connectrpc/connect";
import { userUnknown } from "./errors.ts";

const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Calls identity about a user. Ids are any text here: one that identity could not have made is that of no user. */
export async function withUser<T>(id: string, call: (userId: string) => Promise<T>): Promise<T> {
  if (!uuid.test(id)) throw userUnknown();
  try {
    return await call(id);
  } catch (error) {
    if (error instanceof ConnectError && error.code === Code.NotFound) throw userUnknown();
    throw error;
  }
}
