import { usageError } from "../failures/command-error.ts";

/** Names and values of texts such as `owner=ada`. A value may have further equals signs. */
export function parseEntries(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf("=");
      if (at < 1) throw usageError(`${text} has no name and value`, "write name=value");
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
