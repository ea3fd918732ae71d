import type { HttpLogin } from "../http/prepare-http-login.ts";
import type { TrinoSettings } from "./settings.ts";

/** All that statements need. */
export type TrinoLogin = HttpLogin & {
  readonly settings: TrinoSettings;
  /** Folder for the copies of tables that snapshots hold. */
  readonly spoolDirectory: string;
};
