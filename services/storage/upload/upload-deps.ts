import type { Db } from "../../lib/database/database.ts";
import type { Limits } from "../limits.ts";
import type { ObjectStore } from "../objects/object-store.ts";
import type { VerifiedContent } from "../objects/verified-content.ts";
import type { Reservations } from "../quota/reservations.ts";
import type { SmallUploads } from "./small-uploads.ts";

/** Dependencies of an upload. */
export type UploadDeps = {
  readonly db: Db;
  readonly objects: ObjectStore;
  readonly content: VerifiedContent;
  readonly reservations: Reservations;
  readonly smallUploads: SmallUploads;
  readonly limits: Limits;
};
