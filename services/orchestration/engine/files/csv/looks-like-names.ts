import type { Automaton } from "./automaton.ts";
import type { FormReader } from "./forms.ts";
import type { Field } from "./row-parser.ts";

/** Whether fields look like column names: no numbers, dates, times or booleans, and at most one is empty. */
export function looksLikeNames(fields: readonly Field[], formReader: FormReader): boolean {
  const missing = fields.filter(({ text }) => text.length === 0).length;
  return (
    missing <= (fields.length > 1 ? 1 : 0) &&
    fields.every(({ text }) => text.length === 0 || formNameOf(text, formReader) === "text")
  );
}

/** Words for missing values. */
const nullWord = /^(n\/?a|nan|null|nil|none|missing|unknown|undefined)$/i;
const word = /^[\p{L}_]/u;

/**
 * Whether texts and integers, such as years, are column names: all are distinct, the texts are words, and at least one text
 * has only other values below it.
 */
export function isHeaderOver(
  fields: readonly Field[],
  rows: readonly (readonly Field[])[],
  formReader: FormReader,
): boolean {
  const texts = fields.map(({ text }) => text.toString());
  const forms = fields.map(({ text }) => formNameOf(text, formReader));
  const areNames = texts.every(
    (text, column) => forms[column] === "integer" || (word.test(text) && !nullWord.test(text)),
  );
  if (!areNames || new Set(texts).size < texts.length) return false;
  return forms.some((form, column) => {
    if (form !== "text") return false;
    const values = rows.flatMap((row) => row[column]?.text ?? []).filter(({ length }) => length > 0);
    return values.length > 0 && values.every((value) => formNameOf(value, formReader) !== "text");
  });
}

function formNameOf(text: Buffer, { forms, automaton }: FormReader): string | undefined {
  return forms[formOf(text, automaton)]?.name;
}

function formOf(text: Buffer, { classes, next, accepted, stride, start }: Automaton): number {
  let state = start;
  for (const byte of text) state = next[state + (classes[byte] ?? 0)] ?? 0;
  return accepted[state / stride] ?? 0;
}
