import { z } from "zod";
import { readingSettings } from "../../engine/reading-settings.ts";
import { invalidSetting } from "../../errors.ts";
import type { Settings } from "../connector.ts";
import { httpServerSettings, parameterName, parseHttpSettings } from "../http/server-settings.ts";
import { settingText } from "../settings.ts";

/** Name of the connector. */
export const httpJsonName = "http-json";

/** A JSON Pointer (RFC 6901). */
const pointer = z
  .string()
  .max(500)
  .regex(
    /^(\/([^~/\0]|~[01])*)*$/,
    "must be a JSON Pointer, as /data/items, or empty for the whole response",
  );

/** Settings of a source on an HTTP API that answers JSON. */
export const httpJsonSettings = z.strictObject({
  ...httpServerSettings,
  tableName: settingText(255).optional().describe("Name of the table; by default the last part of the path."),
  rows: pointer
    .default("")
    .describe(
      "Where a response has its rows, as a JSON Pointer: /data/items; by default the response is the list of rows.",
    ),
  paging: z
    .enum(["none", "page", "offset", "cursor", "link", "next"])
    .default("none")
    .describe(
      "How the next rows are asked for: by the number of the page, by the number of rows before them, by a cursor of the " +
        "last response, by its Link header, or by an address within it.",
    ),
  pageParameter: parameterName()
    .optional()
    .describe("Parameter of the paging `page`, `offset` or `cursor`; by default its name."),
  firstPage: z
    .int()
    .min(0)
    .max(1)
    .optional()
    .describe("Number of the first page, of the paging `page`: 1 by default."),
  pageSize: z
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe("Rows of a page; by default as many as the server chooses."),
  pageSizeParameter: parameterName().optional().describe("Parameter that carries pageSize."),
  cursorPath: pointer
    .optional()
    .describe(
      "Where a response has the cursor of the next one, or its address, as a JSON Pointer: /meta/next.",
    ),
  pagesMax: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(10_000)
    .describe("Pages to read at most; more are an error."),
  requestsPerSecond: z
    .number()
    .min(0.01)
    .max(1000)
    .optional()
    .describe(
      "Requests to send within a second at most. Limits that the server announces are obeyed in any case.",
    ),
  reuseSeconds: z
    .int()
    .min(0)
    .max(86_400)
    .default(0)
    .describe(
      "How long rows that were read may answer later statements; by default every statement reads the API.",
    ),
  columnTypes: readingSettings.shape.columnTypes,
  columnNames: readingSettings.shape.columnNames,
});

export type HttpJsonSettings = ReturnType<typeof parseHttpJsonSettings>;

/** The kinds of paging that use a setting. */
const usedBy = {
  pageParameter: ["page", "offset", "cursor"],
  firstPage: ["page"],
  cursorPath: ["cursor", "next"],
} as const;

/** InvalidArgument (SETTINGS_INVALID). */
export function parseHttpJsonSettings(settings: Settings, field: string) {
  const parsed = parseHttpSettings(httpJsonSettings, settings, field);
  const { paging, pageSize, pageSizeParameter } = parsed;
  for (const [name, kinds] of Object.entries(usedBy) as [keyof typeof usedBy, readonly string[]][]) {
    if (parsed[name] !== undefined && !kinds.includes(paging)) {
      throw invalidSetting(`${field}.${name}`, `is of no use with the paging ${paging}`);
    }
  }
  if (parsed.cursorPath === undefined && (paging === "cursor" || paging === "next")) {
    throw invalidSetting(`${field}.cursorPath`, `is required by the paging ${paging}`);
  }
  if ((pageSize === undefined) !== (pageSizeParameter === undefined)) {
    const missing = pageSize === undefined ? "pageSize" : "pageSizeParameter";
    throw invalidSetting(`${field}.${missing}`, "pageSize and pageSizeParameter are given together");
  }
  return parsed;
}
