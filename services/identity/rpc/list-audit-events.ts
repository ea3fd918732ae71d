import type { MethodImpl } from "@connectrpc/connect";
import type { AuditService } from "../../../gen/sluice/identity/v1/audit_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { filterOf, filterTexts } from "../audit/audit-filter.ts";
import { cutPage, pageOf } from "../audit/audit-page.ts";
import {
  isPosition,
  listAuditEvents as list,
  positionOf,
  readPosition,
  writePosition,
} from "../audit/list-audit-events.ts";
import type { IdentityDeps } from "../deps.ts";

export const listAuditEvents =
  (deps: IdentityDeps): MethodImpl<typeof AuditService.method.listAuditEvents> =>
  async (request, context) => {
    const filter = filterOf(request);
    const page = pageOf(request, filterTexts(filter), isPosition);
    const after = page.after === undefined ? undefined : readPosition(page.after);
    const read = await list(deps, scopeOf(context), filter, after, page.limit);
    const { rows, nextPageToken } = cutPage(read, page, (event) => writePosition(positionOf(event)));
    return { events: rows, nextPageToken };
  };
