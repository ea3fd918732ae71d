import type { Form, NumberSeparators } from "./forms.ts";
import { formsOf } from "./forms.ts";
import type { CsvText } from "./open-csv-text.ts";
import type { Tally } from "./tally.ts";

/** Candidate separators of numbers with commas. */
const candidates: readonly NumberSeparators[] = [
  { decimal: ",", thousands: "." },
  { decimal: ".", thousands: "," },
];

export type SeparatedNumbers = { readonly separators: NumberSeparators; readonly tally: Tally };

/**
 * Decides whether commas are decimal or thousands separators: exactly one reading must fit all values of the columns with
 * commas. Undefined if there are none, or if they stay text.
 */
export async function detectSeparators(
  { tally, scanWith }: CsvText,
  configured: NumberSeparators,
): Promise<SeparatedNumbers | undefined> {
  const forms = formsOf(configured);
  const columns = Array.from({ length: tally.columnCount }, (_, column) => formsIn(tally, column, forms));
  const ambiguous = columns.flatMap((found, column) => (isAmbiguous(found) ? [column] : []));
  if (ambiguous.length === 0) return undefined;
  const hasPoints = columns.some((found, column) => found.has("decimal") && !ambiguous.includes(column));
  const fitting: SeparatedNumbers[] = [];
  for (const separators of candidates) {
    if (separators.decimal === "," && hasPoints) continue;
    const scanned = await scanWith(separators);
    if (ambiguous.every((column) => isNumeric(scanned, column, formsOf(separators)))) {
      fitting.push({ separators: omitUnused(separators, scanned), tally: scanned });
    }
  }
  return fitting.length === 1 ? fitting[0] : undefined;
}

function formsIn({ counts, formCount }: Tally, column: number, forms: readonly Form[]): Set<string> {
  const found = forms.filter((_, form) => (counts[column * formCount + form] ?? 0) > 0);
  return new Set(found.map(({ name }) => name));
}

const isAmbiguous = (found: ReadonlySet<string>): boolean =>
  found.has("a number with commas") &&
  [...found].every((name) => /^(integer|decimal|a number with commas)$/.test(name));

function isNumeric({ counts, formCount }: Tally, column: number, forms: readonly Form[]): boolean {
  return forms.every(
    ({ kind }, form) => kind === "integer" || kind === "decimal" || counts[column * formCount + form] === 0,
  );
}

/** Omits the thousands separator if no value has one. */
function omitUnused(separators: NumberSeparators, { counts, formCount }: Tally): NumberSeparators {
  const grouped = formsOf(separators).flatMap(({ name }, form) => (name.endsWith("in groups") ? [form] : []));
  const hasGroups = counts.some((count, at) => count > 0 && grouped.includes(at % formCount));
  return hasGroups ? separators : { ...separators, thousands: undefined };
}
