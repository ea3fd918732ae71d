import { type Automaton, compile } from "./automaton.ts";

/** The type of a form's values, or text that could be mistaken for one. */
export type FormKind =
  | "integer"
  | "decimal"
  | "boolean"
  | "date"
  | "time"
  | "timestamp"
  | "timestamptz"
  | "text";

/** A notation of values. The patterns of all forms are disjoint. */
export type Form = {
  readonly name: string;
  readonly kind: FormKind;
  /** A pattern in the syntax of automaton.ts. */
  readonly pattern: string;
  /** Formats of strptime; undefined if DuckDB's cast reads the form. The values of the column decide between several. */
  readonly formats?: readonly string[];
};

export type NumberSeparators = { readonly decimal: string; readonly thousands: string | undefined };

const year = "(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})";
const month = "(0[1-9]|1[0-2])";
const day = "(0[1-9]|[12][0-9]|3[01])";
/** Day or month with an optional leading zero. */
const part = "(0?[1-9]|[12][0-9]|3[01])";
const hourMinute = "([01][0-9]|2[0-3]):[0-5][0-9]";
const second = ":[0-5][0-9]";
const fraction = "(\\.[0-9]{1,9})?";
const offset = "[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?";

const isoDate = `${year}-${month}-${day}`;

const dates: readonly Form[] = [
  { name: "ISO date", kind: "date", pattern: isoDate },
  { name: "year/month/day", kind: "date", pattern: `${year}/${month}/${day}`, formats: ["%Y/%m/%d"] },
  {
    name: "day and month with /",
    kind: "date",
    pattern: `${part}/${part}/${year}`,
    formats: ["%d/%m/%Y", "%m/%d/%Y"],
  },
  {
    name: "day and month with .",
    kind: "date",
    pattern: `${part}\\.${part}\\.${year}`,
    formats: ["%d.%m.%Y", "%m.%d.%Y"],
  },
  {
    name: "day and month with -",
    kind: "date",
    pattern: `${part}-${part}-${year}`,
    formats: ["%d-%m-%Y", "%m-%d-%Y"],
  },
];

const times: readonly Form[] = [
  { name: "time", kind: "time", pattern: hourMinute + second + fraction },
  { name: "time without seconds", kind: "time", pattern: hourMinute, formats: ["%H:%M"] },
];

/** Every form of date followed by a time. */
const timestamps: readonly Form[] = dates.flatMap((date) =>
  times.map((time) => ({
    name: `${date.name}, ${time.name}`,
    kind: "timestamp" as const,
    pattern: `${date.pattern} ${time.pattern}`,
    ...(isPlain(date, time) ? {} : { formats: combine(date, time, " ") }),
  })),
);

function isPlain(date: Form, time: Form): boolean {
  return date.formats === undefined && time.formats === undefined;
}

function combine(date: Form, time: Form, separator: string): string[] {
  return (date.formats ?? ["%Y-%m-%d"]).map(
    (format) => `${format}${separator}${time.formats?.[0] ?? "%H:%M:%S.%f"}`,
  );
}

const isoTimestamps: readonly Form[] = [
  { name: "ISO timestamp", kind: "timestamp", pattern: `${isoDate}T${hourMinute}${second}${fraction}` },
  {
    name: "ISO timestamp without seconds",
    kind: "timestamp",
    pattern: `${isoDate}T${hourMinute}`,
    formats: ["%Y-%m-%dT%H:%M"],
  },
];

const zoned: readonly Form[] = ["T", " "].flatMap((separator) => [
  {
    name: `timestamp with ${separator === "T" ? "T and " : ""}Z`,
    kind: "timestamptz" as const,
    pattern: `${isoDate}${separator}${hourMinute}${second}${fraction}Z`,
  },
  {
    name: `timestamp with ${separator === "T" ? "T and " : ""}offset`,
    kind: "timestamptz" as const,
    pattern: `${isoDate}${separator}${hourMinute}${second}${fraction}${offset}`,
  },
]);

const booleans: readonly Form[] = [
  { name: "true/false", kind: "boolean", pattern: "true|false" },
  { name: "TRUE/FALSE", kind: "boolean", pattern: "TRUE|FALSE" },
  { name: "True/False", kind: "boolean", pattern: "True|False" },
];

/** Texts that look like numbers but would lose information as such. */
const lookalikes: readonly Form[] = [
  {
    name: "a number with an exponent",
    kind: "text",
    pattern: "[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)[eE][+-]?[0-9]+",
  },
  { name: "a number with a sign before it", kind: "text", pattern: "\\+([0-9]+\\.?[0-9]*|\\.[0-9]+)" },
];

/** Decimals with a comma, or numbers with thousands separators: the whole column decides. */
const withCommas: Form = {
  name: "a number with commas",
  kind: "text",
  pattern: "-?[0-9]+(\\.[0-9]{3})*(,[0-9]+)+(\\.[0-9]+)?",
};

function numbers({ decimal, thousands }: NumberSeparators): Form[] {
  const point = decimal === "." ? "\\." : decimal;
  const whole = "([1-9][0-9]*|0)";
  const forms: Form[] = [
    { name: "integer", kind: "integer", pattern: "-?[1-9][0-9]*|0" },
    { name: "decimal", kind: "decimal", pattern: `-?${whole}?${point}[0-9]+` },
    { name: "a number with leading zeros", kind: "text", pattern: `-?0[0-9]+(${point}[0-9]*)?|-0` },
  ];
  if (thousands === undefined && decimal === ".") return [...forms, withCommas];
  if (thousands === undefined) return forms;
  const separator = /[.+*?]/.test(thousands) ? `\\${thousands}` : thousands;
  const grouped = `-?[1-9][0-9]{0,2}(${separator}[0-9]{3})+`;
  return [
    ...forms,
    { name: "integer in groups", kind: "integer", pattern: grouped },
    { name: "decimal in groups", kind: "decimal", pattern: `${grouped}${point}[0-9]+` },
  ];
}

/** All forms. Text, which matches no pattern, is the first. */
export const formsOf = (separators: NumberSeparators): readonly Form[] => [
  { name: "text", kind: "text", pattern: "" },
  ...numbers(separators),
  ...lookalikes,
  ...booleans,
  ...dates,
  ...times,
  ...timestamps,
  ...isoTimestamps,
  ...zoned,
];

export type FormReader = { readonly forms: readonly Form[]; readonly automaton: Automaton };

const readers = new Map<string, FormReader>();

/** The forms and their automaton, cached by separators. */
export function readerOfForms(separators: NumberSeparators): FormReader {
  const key = JSON.stringify(separators);
  const known = readers.get(key);
  if (known) return known;
  const forms = formsOf(separators);
  const reader = { forms, automaton: compile(forms.map(({ pattern }) => pattern)) };
  readers.set(key, reader);
  return reader;
}
