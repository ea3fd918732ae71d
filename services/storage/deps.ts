import type { NamespacePolicies } from "../lib/clients/require-namespace.ts";
import type { Semaphore } from "../lib/process/semaphore.ts";
import type { CacheStore } from "./cache/cache-store.ts";
import type { EntryLeases } from "./cache/lease-entry.ts";
import type { MasterKeys } from "./encryption/master-keys.ts";
import type { ModelDeps } from "./models/model-deps.ts";
import type { LastReads } from "./reads/last-reads.ts";
import type { FinishUpload } from "./resumable/finish-upload.ts";
import type { Scrubber, ScrubSchedule } from "./scrub/scrubber.ts";
import type { SignedUrls } from "./sign/signed-urls.ts";
import type { UserPolicies } from "./sign/signer.ts";
import type { DiskSpace } from "./space/disk-space.ts";
import type { Tiers } from "./tier/tiers.ts";
import type { LentFiles } from "./upload/lent-files.ts";
import type { VectorSearch } from "./vectors/vector-search.ts";

/** Dependencies of the handlers. */
export type StorageDeps = ModelDeps & {
  readonly lentFiles: LentFiles;
  readonly signedUrls: SignedUrls;
  readonly finishUpload: FinishUpload;
  readonly policies: NamespacePolicies & UserPolicies;
  readonly vectorSearch: VectorSearch;
  /** Permits of transactions that take long or need a second connection: the pool has more connections. */
  readonly longTransactions: Semaphore;
  readonly cache: CacheStore;
  readonly entryLeases: EntryLeases;
  readonly tiers: Tiers;
  readonly lastReads: LastReads;
  /** Undefined if content is not encrypted. */
  readonly masterKeys: MasterKeys | undefined;
  /** Undefined for a store without a disk. */
  readonly space: DiskSpace | undefined;
  readonly scrubs: Pick<Scrubber, "wake"> & { readonly schedule: ScrubSchedule };
};
