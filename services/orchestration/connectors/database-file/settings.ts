import { z } from "zod";
import { invalidSetting } from "../../errors.ts";
import type { Settings } from "../connector.ts";
import { parseSettings, settingText } from "../settings.ts";

const pathCharactersMax = 1024;

/** A path below a folder: nothing in it leads out. */
const relativePath = settingText(pathCharactersMax).refine(
  (path) => path.split("/").every((name) => name !== "" && name !== "." && name !== ".."),
  "must be a relative path without empty parts, `.` and `..`",
);

/** Settings that name the file of a database. */
export const databaseFileSettings = {
  fileId: z
    .uuid("must be the id of a stored file")
    .optional()
    .describe("Id of a stored file; instead of folder and path."),
  folder: settingText(63)
    .optional()
    .describe("Name of a folder of the server, which the operator has allowed with SOURCE_FOLDERS."),
  path: relativePath.optional().describe("Path of the file in the folder."),
};

/** Where the file of a database is. */
export type FileLocation =
  | { readonly kind: "stored"; readonly fileId: string }
  | { readonly kind: "folder"; readonly folder: string; readonly path: string };

/** Parses settings that include `databaseFileSettings`. InvalidArgument (SETTINGS_INVALID). */
export function parseFileSettings<S extends z.ZodType<DatabaseFileSettings>>(
  schema: S,
  settings: Settings,
  field: string,
): z.output<S> & { readonly location: FileLocation } {
  const parsed = parseSettings(schema, settings, field);
  return { ...parsed, location: locationOf(parsed, field) };
}

type DatabaseFileSettings = {
  readonly fileId?: string | undefined;
  readonly folder?: string | undefined;
  readonly path?: string | undefined;
};

function locationOf({ fileId, folder, path }: DatabaseFileSettings, field: string): FileLocation {
  if (fileId !== undefined) {
    if (folder === undefined && path === undefined) return { kind: "stored", fileId };
    throw invalidSetting(`${field}.fileId`, "is instead of folder and path, not beside them");
  }
  if (folder === undefined && path === undefined) {
    throw invalidSetting(`${field}.fileId`, "is required, or folder and path");
  }
  if (folder === undefined) throw invalidSetting(`${field}.folder`, "is required with path");
  if (path === undefined) throw invalidSetting(`${field}.path`, "is required with folder");
  return { kind: "folder", folder, path };
}
