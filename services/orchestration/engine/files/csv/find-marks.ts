import type { Form, NumberMarks } from "./forms.ts";
import { formsOf } from "./forms.ts";
import type { Text } from "./open-text.ts";
import type { Tally } from "./tally.ts";

/** What may be between the digits of numbers that have commas. */
const candidates: readonly NumberMarks[] = [
  { decimal: ",", thousands: "." },
  { decimal: ".", thousands: "," },
];

export type MarkedText = { readonly marks: NumberMarks; readonly tally: Tally };

/**
 * Tells decimals with a comma from numbers with commas in groups: one of the two has to fit all values of such columns, and
 * only one. Undefined where there are no such columns, or where they stay text.
 */
export async function findMarks(
  { tally, scanWith }: Text,
  usual: NumberMarks,
): Promise<MarkedText | undefined> {
  const forms = formsOf(usual);
  const columns = Array.from({ length: tally.columnCount }, (_, column) => formsIn(tally, column, forms));
  const doubtful = columns.flatMap((found, column) => (isDoubtful(found) ? [column] : []));
  if (doubtful.length === 0) return undefined;
  const hasPoints = columns.some((found, column) => found.has("decimal") && !doubtful.includes(column));
  const fitting: MarkedText[] = [];
  for (const marks of candidates) {
    if (marks.decimal === "," && hasPoints) continue;
    const scanned = await scanWith(marks);
    if (doubtful.every((column) => isNumeric(scanned, column, formsOf(marks)))) {
      fitting.push({ marks: narrow(marks, scanned), tally: scanned });
    }
  }
  return fitting.length === 1 ? fitting[0] : undefined;
}

function formsIn({ counts, formCount }: Tally, column: number, forms: readonly Form[]): Set<string> {
  const found = forms.filter((_, form) => (counts[column * formCount + form] ?? 0) > 0);
  return new Set(found.map(({ name }) => name));
}

const isDoubtful = (found: ReadonlySet<string>): boolean =>
  found.has("a number with commas") &&
  [...found].every((name) => /^(integer|decimal|a number with commas)$/.test(name));

function isNumeric({ counts, formCount }: Tally, column: number, forms: readonly Form[]): boolean {
  return forms.every(
    ({ kind }, form) => kind === "integer" || kind === "decimal" || counts[column * formCount + form] === 0,
  );
}

/** Groups that no value has are no setting. */
function narrow(marks: NumberMarks, { counts, formCount }: Tally): NumberMarks {
  const grouped = formsOf(marks).flatMap(({ name }, form) => (name.endsWith("in groups") ? [form] : []));
  const hasGroups = counts.some((count, at) => count > 0 && grouped.includes(at % formCount));
  return hasGroups ? marks : { ...marks, thousands: undefined };
}
