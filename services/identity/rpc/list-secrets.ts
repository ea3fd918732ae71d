import type { MethodImpl } from "@connectrpc/connect";
import type { SecretService } from "../../../gen/sluice/identity/v1/secrets_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { cutPage, pageOf } from "../../lib/rpc/paging.ts";
import type { IdentityDeps } from "../deps.ts";
import { toSecret } from "../message.ts";
import * as repository from "../secret-repository.ts";

export const listSecrets =
  ({ db }: IdentityDeps): MethodImpl<typeof SecretService.method.listSecrets> =>
  async (request, context) => {
    const page = pageOf(request, [], isName);
    const read = await repository.listSecrets(db, scopeOf(context), page);
    const { rows, nextPageToken } = cutPage(read, page, ({ name }) => name);
    return { secrets: rows.map(toSecret), nextPageToken };
  };

/** Any text sorts before or after a name, but PostgreSQL's texts have no NUL. */
const isName = (text: string): boolean => !text.includes("\0");
