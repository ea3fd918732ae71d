const firstName = "sluice_first";

/** What a COPY selects; the first column has a name, for `quoteFirst`. */
export const selectList = (expressions: readonly string[]): string =>
  expressions
    .map((expression, index) => (index === 0 ? `${expression} as ${firstName}` : expression))
    .join(", ");

/** Of a CSV: a byte order mark that its first value begins with would be taken for the file's own, but for the quote. */
export const quoteFirst = `force_quote (${firstName})`;
