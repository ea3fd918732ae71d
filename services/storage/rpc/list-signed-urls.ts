import type { MethodImpl } from "@connectrpc/connect";
import type { SignedUrlService } from "../../../gen/sluice/storage/v1/signed_urls_pb.ts";
import { narrow } from "../../lib/database/scope.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import * as repository from "../sign/signed-url-repository.ts";
import { toSignedUrl } from "../sign/url-message.ts";

export const listSignedUrls =
  ({ db }: StorageDeps): MethodImpl<typeof SignedUrlService.method.listSignedUrls> =>
  async (request, context) => {
    const scope = narrow(scopeOf(context), request.namespace);
    const { rows, ...page } = await repository.listSignedUrls(db, scope, request);
    return { signedUrls: rows.map(toSignedUrl), ...page };
  };
