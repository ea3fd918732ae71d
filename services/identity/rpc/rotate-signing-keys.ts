import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { MethodImpl } from "@connectrpc/connect";
import { type KeyService, SigningKey_State as State } from "../../../gen/sluice/identity/v1/keys_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { recordEvent } from "../audit/record-event.ts";
import { type Rotation, rotateSigningKeys as rotate } from "../credentials/key-ring.ts";
import { signingKeyOf } from "../credentials/signing-keys.ts";
import type { IdentityDeps } from "../deps.ts";

export const rotateSigningKeys =
  ({ db, vault }: IdentityDeps): MethodImpl<typeof KeyService.method.rotateSigningKeys> =>
  async (_request, context) => {
    const scope = scopeOf(context);
    const record = (tx: Db, kid: string) =>
      recordEvent(tx, scope, { kind: "signing_keys.rotated", details: { kid } });
    const rotation = await rotate(db, vault, { requested: true, record });
    return { signingKeys: signingKeysOf(rotation), created: rotation.created };
  };

/** The newest keys do not sign yet, and the oldest no longer. */
function signingKeysOf({ rows, nowMs }: Rotation) {
  const signing = signingKeyOf(rows, nowMs);
  const signingAt = signing ? rows.indexOf(signing) : -1;
  return rows.map(({ kid, createTime }, index) => {
    const state = index === signingAt ? State.SIGNING : index < signingAt ? State.VERIFYING : State.PUBLISHED;
    return { kid, state, createTime: timestampFromDate(createTime) };
  });
}
