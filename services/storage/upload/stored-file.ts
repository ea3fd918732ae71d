import type { FileRow } from "../file-repository.ts";
import type { Usage } from "../quota/amount.ts";

/** A new file, and the usage whose soft limits are reached with it. */
export type StoredFile = { readonly row: FileRow; readonly warned: readonly Usage[] };
