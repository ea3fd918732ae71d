import type { SpelledValue } from "../../results/spelled-value.ts";

/** Reads PostgreSQL's text of an array, as `{1,NULL,"a \"b\""}` or `[0:1]={{1},{2}}`, into nested lists. */
export function parseArray(text: string, spellElement: (text: string) => SpelledValue): SpelledValue {
  const stack: SpelledValue[][] = [[]];
  // A brace or a comma, or an element: quoted with backslashes before quotes and backslashes, or bare up to a comma or a
  // brace. One follows the other: a quote without an end is not looked for again from each place behind it.
  const tokens = text.slice(text.indexOf("{")).matchAll(/[{},]|"((?:[^"\\]|\\.)*)"|([^{},"]+)/gsy);
  for (const [token, quoted, bare] of tokens) {
    const list = stack.at(-1);
    if (token === "{") {
      const inner: SpelledValue[] = [];
      list?.push(inner);
      stack.push(inner);
    } else if (token === "}") stack.pop();
    else if (token === ",") continue;
    else if (quoted !== undefined) list?.push(spellElement(quoted.replace(/\\(.)/gs, "$1")));
    else list?.push(bare === "NULL" ? null : spellElement(bare ?? ""));
  }
  return stack[0]?.[0] ?? [];
}
