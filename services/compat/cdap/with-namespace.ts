import { Code, ConnectError } from "@connectrpc/connect";

/** Longest name of a namespace. docs/compat.md says it. */
export const nameCharactersMax = 256;
const nameForm = /^[A-Za-z0-9_-]+$/;

/** Whether text has the form of a namespace's name, whatever its length is. */
export const isName = (text: string): boolean => nameForm.test(text);

/**
 * Calls identity about a namespace. Names are any text here: one that identity could not have made is that of no namespace.
 * `unknown` is the error for those.
 */
export async function withNamespace<T>(
  name: string,
  unknown: (name: string) => ConnectError,
  call: () => Promise<T>,
): Promise<T> {
  if (!isName(name) || name.length > nameCharactersMax) throw unknown(name);
  try {
    return await call();
  } catch (error) {
    if (error instanceof ConnectError && error.code === Code.NotFound) throw unknown(name);
    throw error;
  }
}
