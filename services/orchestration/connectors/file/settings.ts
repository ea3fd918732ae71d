import { z } from "zod";
import { type ReadingSettings, readingSettings } from "../../engine/reading-settings.ts";
import { settingText } from "../settings.ts";

/** Settings of a source on a stored file. */
export const fileSettings = z.strictObject({
  fileId: z.uuid("must be the id of a stored file").describe("Id of a stored file."),
  tableName: settingText(255)
    .optional()
    .describe("Name of the table; by default the file's name without its extension."),
  ...readingSettings.shape,
});

/** How a file is read, and the name of its table. */
export type TableSettings = ReadingSettings & { readonly tableName?: string | undefined };

/** The settings that decide how the file is read. */
export function readingSettingsOf({ tableName, ...reading }: TableSettings): ReadingSettings {
  return reading;
}
