import type { Db } from "../../lib/database/database.ts";
import { listGenerations, listValidUrls } from "./signed-url-repository.ts";
import type { Grant } from "./signed-urls.ts";

/**
 * The end of a lease that a signed URL was used for: besides the file, its URL has to be valid still. `file/` has generation
 * and expiry in milliseconds, `url/` the id.
 */
export const urlLeaseOf = (grant: Grant): string =>
  grant.kind === "file" ? `/file/${grant.generation}/${grant.expireTime.getTime()}` : `/url/${grant.urlId}`;

const form =
  /^(?<file>[^/]+\/(?<fileId>[^/]+)\/\d+)\/(?:file\/(?<generation>\d+)\/(?<expireMs>\d+)|url\/(?<urlId>[\da-f-]{36}))$/;

type Parsed = { readonly lease: string; readonly file: string } & (
  | { readonly kind: "file"; readonly fileId: string; readonly generation: number; readonly expireMs: number }
  | { readonly kind: "url"; readonly urlId: string }
);

function parse(lease: string): Parsed | undefined {
  const { file, fileId, generation, expireMs, urlId } = form.exec(lease)?.groups ?? {};
  if (file === undefined) return undefined;
  if (urlId !== undefined) return { lease, file, kind: "url", urlId };
  return {
    lease,
    file,
    kind: "file",
    fileId: fileId ?? "",
    generation: Number(generation),
    expireMs: Number(expireMs),
  };
}

/** The lease of the file in a lease: the same, unless it was lent for a signed URL. */
export const fileLeaseOf = (lease: string): string => parse(lease)?.file ?? lease;

/** The subset of the leases whose signed URL is not valid any more. */
export async function listRevoked(db: Db, leases: readonly string[]): Promise<Set<string>> {
  const parsed = leases.map(parse).filter((one) => one !== undefined);
  const ofFiles = parsed.filter((one) => one.kind === "file");
  const ofUrls = parsed.filter((one) => one.kind === "url");
  const [generations, valid] = await Promise.all([
    listGenerations(
      db,
      ofFiles.map(({ fileId }) => fileId),
    ),
    listValidUrls(
      db,
      ofUrls.map(({ urlId }) => urlId),
    ),
  ]);
  const isValid = (one: Parsed) =>
    one.kind === "url"
      ? valid.has(one.urlId)
      : one.expireMs > Date.now() && (generations.get(one.fileId) ?? 0) === one.generation;
  return new Set(parsed.filter((one) => !isValid(one)).map(({ lease }) => lease));
}
