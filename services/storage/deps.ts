import type { Logger } from "../lib/telemetry/log.ts";
import type { SignedUrls } from "./sign/signed-urls.ts";
import type { LentFiles } from "./upload/lent-files.ts";
import type { UploadDeps } from "./upload/upload-deps.ts";

/** Dependencies of the handlers. */
export type StorageDeps = UploadDeps & {
  readonly lentFiles: LentFiles;
  readonly signedUrls: SignedUrls;
  readonly log: Logger;
};
