import type { MethodImpl } from "@connectrpc/connect";
import type { FileService } from "../../../gen/sluice/storage/v1/files_pb.ts";
import type { StorageDeps } from "../deps.ts";
import { answerContent } from "../download/answer-content.ts";
import { signedUrlInvalid } from "../errors.ts";
import { openReadUrl } from "../sign/open-url.ts";
import { takeUse } from "../sign/signed-url-repository.ts";
import { urlLeaseOf } from "../sign/url-lease.ts";

export const readSigned = (deps: StorageDeps): MethodImpl<typeof FileService.method.readSigned> =>
  async function* (request, context) {
    const { file, grant, isCounted } = await openReadUrl(deps, request.token);
    const owner = { orgId: grant.orgId, namespaces: "all" } as const;
    deps.lastReads.note(file.fileId);
    yield* answerContent(deps.content, file, {
      conditions: request,
      // Each read of a counted URL has to come here, so its bytes are not lent.
      metadata: isCounted ? new Headers() : context.requestHeader,
      expireTime: grant.expireTime,
      leaseEnd: urlLeaseOf(grant),
      headOnly: request.headOnly,
      async onContent() {
        if (!isCounted || grant.kind !== "url") return;
        if (!(await takeUse(deps.db, owner, grant.urlId))) throw signedUrlInvalid();
      },
    });
  };
