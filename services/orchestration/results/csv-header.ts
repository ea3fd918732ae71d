/** A name that a reader would take apart, or for nothing, stands in quotes. */
const needsQuotes = /[",\r\n#]|^\s|\s$|^$/;

/** The line of a CSV that names its columns. */
export function csvHeader(columns: readonly { readonly name: string }[]): Uint8Array {
  const fields = columns.map(({ name }) =>
    needsQuotes.test(name) ? `"${name.replaceAll('"', '""')}"` : name,
  );
  return Buffer.from(`${fields.join(",")}\n`);
}
