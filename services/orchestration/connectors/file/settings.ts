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

export type FileSettings = z.output<typeof fileSettings>;

/** What of the settings decides how the file is read. */
export function readingSettingsOf({ fileId, tableName, ...reading }: FileSettings): ReadingSettings {
  return reading;
}
