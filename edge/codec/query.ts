import { invalidField } from "../../services/lib/rpc/errors.ts";
import { decodeQueryPart } from "./percent.ts";

const parametersMax = 500;

/** Names and values of a query in their order. Throws InvalidArgument for a malformed part. */
export function parseQuery(raw: string): [name: string, value: string][] {
  const parts = raw.split("&").filter((part) => part !== "");
  if (parts.length > parametersMax) throw invalidField("query", `has more than ${parametersMax} parameters`);
  return parts.map((part) => {
    const equals = part.indexOf("=");
    const rawName = equals < 0 ? part : part.slice(0, equals);
    const name = decode(rawName, rawName);
    return [name, equals < 0 ? "" : decode(part.slice(equals + 1), name)];
  });
}

function decode(raw: string, name: string): string {
  try {
    return decodeQueryPart(raw);
  } catch (error) {
    throw invalidField(name, (error as Error).message);
  }
}
