import { type EncodedValue, isList } from "./encoded-value.ts";

/** Deeper documents stay text, because decoders of protobuf limit the nesting. */
const depthMax = 32;

/** Parses a JSON document into lists and objects. Integers that a double cannot hold become strings. */
export function encodeJson(text: string): EncodedValue {
  try {
    const value = JSON.parse(text, exact) as EncodedValue;
    return depthOf(value) > depthMax ? text : value;
  } catch {
    // Not JSON, or nested deeper than the parser allows.
    return text;
  }
}

/** The reviver's third argument holds the number's source text. */
function exact(_key: string, value: unknown, { source }: { source?: string } = {}): unknown {
  if (typeof value !== "number" || source === undefined) return value;
  const isInexact = !Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value));
  return isInexact ? source : value;
}

function depthOf(value: EncodedValue): number {
  if (value === null || typeof value !== "object") return 0;
  const items = isList(value) ? value : Object.values(value);
  return 1 + items.reduce<number>((deepest, item) => Math.max(deepest, depthOf(item)), 0);
}
