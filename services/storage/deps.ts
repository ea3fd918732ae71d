import type { Db } from "../lib/database/database.ts";
import type { Logger } from "../lib/telemetry/log.ts";
import type { Limits } from "./limits.ts";
import type { ObjectStore } from "./objects/object-store.ts";
import type { VerifiedContent } from "./objects/verified-content.ts";
import type { SignedUrls } from "./sign/signed-urls.ts";
import type { LentFiles } from "./upload/lent-files.ts";
import type { Reservations } from "./upload/reservations.ts";
import type { SmallUploads } from "./upload/small-uploads.ts";

/** Dependencies of the handlers. */
export type StorageDeps = {
  readonly db: Db;
  readonly objects: ObjectStore;
  readonly content: VerifiedContent;
  readonly reservations: Reservations;
  readonly smallUploads: SmallUploads;
  readonly lentFiles: LentFiles;
  readonly signedUrls: SignedUrls;
  readonly limits: Limits;
  readonly log: Logger;
};
