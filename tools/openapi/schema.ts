/** A JSON Schema of the 2020-12 dialect, or a reference to one. */
export type Schema = { readonly [keyword: string]: unknown };

/**
 * Whose words a message is in: a caller's, which are checked; an answer's, which are complete; or an error's details, which
 * hold what is set.
 */
export type Direction = "request" | "answer" | "detail";

/** Joins what several sources say about one thing to one description. */
export function describe(...texts: readonly (string | undefined)[]): { description?: string } {
  const said = texts.filter((text) => text !== undefined && text !== "");
  return said.length > 0 ? { description: said.join("\n\n") } : {};
}
