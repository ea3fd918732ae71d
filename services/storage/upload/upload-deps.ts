import type { Db } from "../../lib/database/database.ts";
import type { BlobStore } from "../blobs/blob-store.ts";
import type { VerifiedContent } from "../blobs/verified-content.ts";
import type { Limits } from "../limits.ts";
import type { Reservations } from "./reservations.ts";
import type { SmallUploads } from "./small-uploads.ts";

/** Dependencies of an upload. */
export type UploadDeps = {
  readonly db: Db;
  readonly blobs: BlobStore;
  readonly content: VerifiedContent;
  readonly reservations: Reservations;
  readonly smallUploads: SmallUploads;
  readonly limits: Limits;
};
