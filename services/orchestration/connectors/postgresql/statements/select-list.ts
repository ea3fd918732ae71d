const firstName = "sluice_first";

/** The select list of a COPY. The first column gets a name, which `quoteFirst` uses. */
export const selectList = (expressions: readonly string[]): string =>
  expressions
    .map((expression, index) => (index === 0 ? `${expression} as ${firstName}` : expression))
    .join(", ");

/** Option of a CSV COPY: without the quote, a byte order mark in the first value would be taken for that of the file. */
export const quoteFirst = `force_quote (${firstName})`;
