import { isList, type SpelledValue } from "./spelled-value.ts";

/** Deepest nesting that is spelled as lists and objects: what is deeper stays text, as decoders have limits. */
const depthMax = 32;

/** A JSON document as lists and objects; integers that a double would spoil are strings. */
export function spellJson(text: string): SpelledValue {
  try {
    const value = JSON.parse(text, exact) as SpelledValue;
    return depthOf(value) > depthMax ? text : value;
  } catch {
    // Not JSON after all, or nested beyond what a parser takes.
    return text;
  }
}

/** The reviver's third argument has the number as it stands in the text. */
function exact(_key: string, value: unknown, { source }: { source?: string } = {}): unknown {
  if (typeof value !== "number" || source === undefined) return value;
  const spoiled = !Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value));
  return spoiled ? source : value;
}

function depthOf(value: SpelledValue): number {
  if (value === null || typeof value !== "object") return 0;
  const items = isList(value) ? value : Object.values(value);
  return 1 + items.reduce<number>((deepest, item) => Math.max(deepest, depthOf(item)), 0);
}
