import type { ConnectError } from "@connectrpc/connect";
import type { HttpBody } from "../../../gen/google/api/httpbody_pb.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The JSON of a body; null without one, as in CDAP. Throws the error of the call for bytes that are no JSON. */
export function readBody(body: HttpBody | undefined, invalid: () => ConnectError): unknown {
  try {
    const text = utf8.decode(body?.data).trim();
    return text === "" ? null : JSON.parse(text);
  } catch {
    throw invalid();
  }
}

/** The object of a body; one without members for none. Throws the error of the call for other JSON. */
export function readObject(
  body: HttpBody | undefined,
  invalid: () => ConnectError,
): Readonly<Record<string, unknown>> {
  const json = readBody(body, invalid) ?? {};
  if (typeof json !== "object" || Array.isArray(json)) throw invalid();
  return json as Record<string, unknown>;
}

/** A map of text from JSON. Numbers and booleans become text, and members that are null are left out, as in CDAP. */
export function readTexts(json: unknown, invalid: () => ConnectError): Record<string, string> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw invalid();
  const given = Object.entries(json).filter(([, value]) => value !== null);
  return Object.fromEntries(
    given.map(([name, value]) => {
      // Messages are plain objects, where this name sets the prototype.
      if (name === "__proto__" || !["string", "number", "boolean"].includes(typeof value)) throw invalid();
      return [name, String(value)];
    }),
  );
}
