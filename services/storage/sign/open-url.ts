import type { Db } from "../../lib/database/database.ts";
import { signedUrlInvalid } from "../errors.ts";
import { type FileRow, findFile } from "../file-repository.ts";
import { findValidUrl, listGenerations, type SignedUrlRow } from "./signed-url-repository.ts";
import type { Grant, SignedUrls } from "./signed-urls.ts";

type Deps = { readonly db: Db; readonly signedUrls: SignedUrls };

/** A file that a token may read. */
type ReadableFile = {
  readonly file: FileRow;
  readonly grant: Grant;
  /** Whether each read has to be counted. */
  readonly isCounted: boolean;
};

/** The file of a token that is valid. Throws signedUrlInvalid otherwise, whatever the reason. */
export async function openReadUrl({ db, signedUrls }: Deps, token: string): Promise<ReadableFile> {
  const grant = signedUrls.open(token);
  if (!grant) throw signedUrlInvalid();
  const owner = { orgId: grant.orgId, namespaces: "all" } as const;
  if (grant.kind === "url") {
    const url = await findValidUrl(db, owner, grant.urlId);
    const file = url?.fileId ? await findFile(db, owner, url.fileId) : undefined;
    if (!file) throw signedUrlInvalid();
    return { file, grant, isCounted: url?.usesMax !== null };
  }
  const [file, generations] = await Promise.all([
    findFile(db, owner, grant.fileId),
    listGenerations(db, [grant.fileId]),
  ]);
  if (!file || (generations.get(grant.fileId) ?? 0) !== grant.generation) throw signedUrlInvalid();
  return { file, grant, isCounted: false };
}

/** The row of a token that may upload and is valid. Throws signedUrlInvalid otherwise, whatever the reason. */
export async function openUploadUrl({ db, signedUrls }: Deps, token: string): Promise<SignedUrlRow> {
  const grant = signedUrls.open(token);
  if (grant?.kind !== "url") throw signedUrlInvalid();
  const url = await findValidUrl(db, { orgId: grant.orgId, namespaces: "all" }, grant.urlId);
  if (url?.operation !== "upload") throw signedUrlInvalid();
  return url;
}
