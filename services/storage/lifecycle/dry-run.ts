import type { Db } from "../../lib/database/database.ts";
import { idField } from "../../lib/list/fields.ts";
import { digestRequest, readToken, writeToken } from "../../lib/list/page-token.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { files } from "../schema.ts";
import { listMatches, type Match } from "./match-repository.ts";
import { listRules } from "./rule-repository.ts";

type PageRequest = { readonly $typeName: string; readonly pageSize: number; readonly pageToken: string };

const pageSizeDefault = 50;
const firstId = "00000000-0000-0000-0000-000000000000";
const fields = [idField(files.fileId)];

/** A page of the files of the scope that rules match now, those on hold included. Throws PAGE_TOKEN_INVALID. */
export async function dryRun(
  db: Db,
  scope: Scope,
  request: PageRequest,
): Promise<{ matches: Match[]; nextPageToken: string }> {
  const digest = digestRequest(request);
  const [afterId = firstId] = request.pageToken ? readToken(request.pageToken, digest, fields) : [];
  const pageSize = request.pageSize || pageSizeDefault;
  const rules = await listRules(db, scope);
  const found = await listMatches(db, scope, rules, { afterId, limit: pageSize + 1, withHeld: true });
  const matches = found.slice(0, pageSize);
  const last = found.length > pageSize ? matches.at(-1) : undefined;
  return { matches, nextPageToken: last ? writeToken([last.file.fileId], digest) : "" };
}
