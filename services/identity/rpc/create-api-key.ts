import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import type { MethodImpl } from "@connectrpc/connect";
import type { ApiKeyService } from "../../../gen/sluice/identity/v1/api_keys_pb.ts";
import { violatedConstraint } from "../../lib/database/database-failure.ts";
import { invalidField } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { required } from "../../lib/rpc/updates.ts";
import { newId } from "../../lib/values/ids.ts";
import { insertApiKey } from "../api-key-repository.ts";
import { apiKeyMark, newSecret, prefixOf, secretSha256 } from "../credentials/opaque-secret.ts";
import type { IdentityDeps } from "../deps.ts";
import { userNotFound } from "../errors.ts";
import { toApiKey } from "../message.ts";
import { refuseRolesAbove } from "../refuse-roles.ts";

/** The last time that a google.protobuf.Timestamp may name, in milliseconds. */
const timestampMaxMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

export const createApiKey =
  ({ db }: IdentityDeps): MethodImpl<typeof ApiKeyService.method.createApiKey> =>
  async ({ apiKey }, context) => {
    const { displayName, roles: asked, expireTime } = required(apiKey, "api_key");
    const scope = scopeOf(context);
    const { userId, roles: held } = scope.principal;
    refuseRolesAbove(held, asked);
    const secret = newSecret(apiKeyMark);
    const newKey = {
      apiKeyId: newId(),
      displayName,
      roles: asked.length > 0 ? asked : [...held],
      secretSha256: secretSha256(secret),
      prefix: prefixOf(secret),
      expireTime: expireTime ? futureDate(expireTime) : null,
    };
    try {
      return { apiKey: toApiKey(await insertApiKey(db, scope, newKey)), secret };
    } catch (error) {
      if (violatedConstraint(error) === "api_keys_user_exists") throw userNotFound(userId);
      throw error;
    }
  };

function futureDate(time: Timestamp): Date {
  const date = timestampDate(time);
  if (date.getTime() > Date.now() && date.getTime() <= timestampMaxMs) return date;
  throw invalidField("api_key.expire_time", "must be in the future, and not after the year 9999");
}
