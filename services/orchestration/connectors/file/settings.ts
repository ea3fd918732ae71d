import { z } from "zod";
import { fileFormats } from "../../engine/protocol.ts";
import { settingText } from "../settings.ts";

/** Settings of a source on a stored file. */
export const fileSettings = z.strictObject({
  fileId: z.uuid("must be the id of a stored file").describe("Id of a stored file."),
  tableName: settingText(255)
    .optional()
    .describe("Name of the table; by default the file's name without its extension."),
  format: z
    .enum(fileFormats)
    .optional()
    .describe("Format of the file; by default as its name ends, or else as its content begins."),
});

export type FileSettings = z.output<typeof fileSettings>;
