/** A JSON Schema of the 2020-12 dialect, or a reference to one. */
export type Schema = { readonly [keyword: string]: unknown };

/**
 * Requests are validated and allow no unknown fields, responses have every implicit field, and details of errors have the
 * fields that are set.
 */
export type Direction = "request" | "response" | "detail";

/** Joins texts to one description. */
export function describe(...texts: readonly (string | undefined)[]): { description?: string } {
  const given = texts.filter((text) => text !== undefined && text !== "");
  return given.length > 0 ? { description: given.join("\n\n") } : {};
}
