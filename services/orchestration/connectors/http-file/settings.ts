import { z } from "zod";
import { readingSettings } from "../../engine/reading-settings.ts";
import { httpServerSettings } from "../http/server-settings.ts";
import { settingText } from "../settings.ts";

/** Name of the connector. */
export const httpFileName = "http-file";

/** Settings of a source on a file that an HTTP server has. */
export const httpFileSettings = z.strictObject({
  ...httpServerSettings,
  tableName: settingText(255)
    .optional()
    .describe("Name of the table; by default the last part of the path, without its extension."),
  reuseSeconds: z
    .int()
    .min(0)
    .max(86_400)
    .default(0)
    .describe(
      "How long a fetched file may answer later statements; by default every statement asks the server whether it has changed.",
    ),
  ...readingSettings.shape,
});
