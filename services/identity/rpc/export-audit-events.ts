import { create, toJsonString } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import type { MethodImpl } from "@connectrpc/connect";
import { HttpHeadSchema } from "../../../gen/sluice/common/v1/options_pb.ts";
import {
  type AuditEvent,
  AuditEventSchema,
  type AuditService,
} from "../../../gen/sluice/identity/v1/audit_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { filterOf } from "../audit/audit-filter.ts";
import { listAuditEvents, type Position, positionOf } from "../audit/list-audit-events.ts";
import type { IdentityDeps } from "../deps.ts";

/** Events in memory, and in one message, at a time. */
const pageEvents = 500;

export const exportAuditEvents = (
  deps: IdentityDeps,
): MethodImpl<typeof AuditService.method.exportAuditEvents> =>
  async function* (request, context) {
    const scope = scopeOf(context);
    const filter = filterOf(request);
    let after: Position | undefined;
    do {
      const events = await listAuditEvents(deps, scope, filter, after, pageEvents);
      // Also without events: the first message has the head.
      const data = Buffer.from(events.map(toLine).join(""));
      yield after ? { data } : { ...head, data };
      const last = events.length < pageEvents ? undefined : events.at(-1);
      after = last && positionOf(last);
    } while (after);
  };

const head = {
  contentType: "application/x-ndjson",
  extensions: [
    anyPack(
      HttpHeadSchema,
      create(HttpHeadSchema, { headers: { "content-disposition": 'attachment; filename="audit.ndjson"' } }),
    ),
  ],
};

/** An event as the list returns it, with its empty fields. */
const toLine = (event: AuditEvent): string =>
  `${toJsonString(AuditEventSchema, event, { alwaysEmitImplicit: true })}\n`;
