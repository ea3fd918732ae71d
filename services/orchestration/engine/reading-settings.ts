import { z } from "zod";

const fileFormats = ["csv", "json", "ndjson", "parquet", "xlsx"] as const;
export type FileFormat = (typeof fileFormats)[number];

export const compressions = ["none", "gzip", "zstd", "bzip2", "zip"] as const;

/** One ASCII character that can't be part of a number, word or line break. */
const punctuation = z
  .string()
  .regex(
    /^[\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e\t ]$/,
    "must be one character of punctuation, a tab or a space",
  );
const optionalPunctuation = z.union([punctuation, z.literal("")]);
const strptimeFormat = z.string().max(64).regex(/%/, "must be a format as %d.%m.%Y");
const columnName = z.string().min(1).max(1000);

/** How a file is read. Omitted settings are detected from the whole file. */
export const readingSettings = z.strictObject({
  format: z
    .enum(fileFormats)
    .optional()
    .describe("Format of the file; by default as its name ends, or else as its content begins."),
  compression: z.enum(compressions).optional().describe("By default as the content begins."),
  encoding: z
    .string()
    .regex(/^[A-Za-z0-9_:.-]{1,40}$/, "must be the name of an encoding, as windows-1252")
    .optional()
    .describe("Encoding of the text; by default UTF-8, or what a byte order mark says."),
  delimiter: z
    .string()
    .min(1)
    .max(8)
    .regex(/^[^"\r\n\0]+$/, "must not contain a quote or a line break")
    .optional()
    .describe("CSV: what is between two fields, one character or several."),
  quote: optionalPunctuation
    .optional()
    .describe('CSV: what stands around a field, " by default; empty for nothing.'),
  escape: optionalPunctuation
    .optional()
    .describe(
      "CSV: what stands before a quote within a field; by default the quote itself; empty for nothing.",
    ),
  comment: optionalPunctuation
    .optional()
    .describe("CSV: lines that begin with it are left out; none by default."),
  skipLines: z
    .number()
    .int()
    .min(0)
    .max(1_000_000)
    .optional()
    .describe("CSV: lines to leave out at the beginning."),
  header: z
    .union([z.boolean(), z.number().int().min(1).max(1_000_000)])
    .optional()
    .describe(
      "CSV, XLSX: whether the first line has the names of the columns, or the number of the line that has them, from 1.",
    ),
  nullTexts: z
    .array(z.string().max(100))
    .max(20)
    .optional()
    .describe("CSV: fields that say that a value is missing; by default the empty one."),
  quotedNulls: z.boolean().optional().describe("CSV: whether these say so in quotes, too; by default not."),
  decimalSeparator: z.enum([".", ","]).optional().describe("CSV: . by default."),
  thousandsSeparator: z
    .enum([",", ".", "'", " ", "_", "\u00a0", "\u202f"])
    .optional()
    .describe("CSV: none by default."),
  sheet: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe("XLSX: name of the sheet; by default the first one that is visible."),
  range: z
    .string()
    .regex(
      /^[A-Za-z]{1,3}[1-9][0-9]{0,6}:[A-Za-z]{1,3}([1-9][0-9]{0,6})?$/,
      "must be a range as B3:F100 or B3:F",
    )
    .optional()
    .describe("XLSX: cells that are read, as B3:F100, or B3:F to the last row; by default all."),
  errorCells: z
    .enum(["refuse", "null"])
    .optional()
    .describe(
      "XLSX: whether a cell with an error, as #DIV/0!, fails the read, which is the default, or is a missing value.",
    ),
  dateFormat: strptimeFormat
    .optional()
    .describe("CSV: by default ISO 8601 or what all values of a column fit."),
  timeFormat: strptimeFormat.optional().describe("CSV: by default ISO 8601."),
  timestampFormat: strptimeFormat
    .optional()
    .describe("CSV: by default ISO 8601 or what all values of a column fit."),
  columnTypes: z
    .record(columnName, z.string().max(200))
    .optional()
    .describe(
      "Types of columns by their names, as BIGINT, DECIMAL(18,2), VARCHAR; by default what keeps every value.",
    ),
  columnNames: z
    .record(columnName, columnName)
    .optional()
    .describe("Other names of columns, by the names in the file."),
});

export type ReadingSettings = z.output<typeof readingSettings>;
