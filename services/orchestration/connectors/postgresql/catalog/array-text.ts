import type { EncodedValue } from "../../../results/encoded-value.ts";

/** Parses PostgreSQL's text of an array, as `{1,NULL,"a \"b\""}` or `[0:1]={{1},{2}}`, into nested lists. */
export function parseArray(text: string, decodeElement: (text: string) => EncodedValue): EncodedValue {
  const stack: EncodedValue[][] = [[]];
  // A token is a brace, a comma, or an element: quoted with backslash escapes, or bare. The expression is sticky, so that
  // an unterminated quote cannot cause quadratic backtracking.
  const tokens = text.slice(text.indexOf("{")).matchAll(/[{},]|"((?:[^"\\]|\\.)*)"|([^{},"]+)/gsy);
  for (const [token, quoted, bare] of tokens) {
    const list = stack.at(-1);
    if (token === "{") {
      const inner: EncodedValue[] = [];
      list?.push(inner);
      stack.push(inner);
    } else if (token === "}") stack.pop();
    else if (token === ",") continue;
    else if (quoted !== undefined) list?.push(decodeElement(quoted.replace(/\\(.)/gs, "$1")));
    else list?.push(bare === "NULL" ? null : decodeElement(bare ?? ""));
  }
  return stack[0]?.[0] ?? [];
}
