import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import { failure } from "../../services/lib/rpc/errors.ts";
import { assertionHeader, type Principal, type Signer } from "../../services/lib/rpc/principal.ts";
import type { Credential } from "../dialects/dialect.ts";
import { credentialInvalid } from "../errors/refusals.ts";
import type { Exchange } from "../http/exchange.ts";
import { headerOf } from "../http/http.ts";
import type { EdgeAccess } from "../method/access.ts";
import { cacheVerified, type Verified } from "./verified-credentials.ts";

/** Authenticates a request by its headers. */
export type Authenticate = {
  /** The cached principal of the credential, if there is one. */
  recall(access: EdgeAccess, exchange: Exchange): Principal | undefined;
  /** Undefined if the method needs no credential. Rejects with Unauthenticated, or Unavailable. */
  verify(access: EdgeAccess, exchange: Exchange): Promise<Principal | undefined>;
};

/** Timeout of a verification, in milliseconds. */
const verifyMs = 5_000;

export function createAuthenticate(options: { identity: Transport; signer: Signer }): Authenticate {
  const client = createClient(PolicyService, options.identity);
  const credentials = cacheVerified(async (credential): Promise<Verified> => {
    const headers = { [assertionHeader]: await options.signer.assertionFor(undefined) };
    try {
      // Without a signal: other requests can wait for the same call.
      const response = await client.verifyCredential({ credential }, { headers, timeoutMs: verifyMs });
      const { orgId, userId, apiKeyId, roles, expireTime } = response;
      return {
        principal: { orgId, userId, ...(apiKeyId && { apiKeyId }), roles },
        expiresAtMs: expireTime && timestampMs(expireTime),
      };
    } catch (error) {
      throw toRefusal(error);
    }
  });
  return {
    recall(access, exchange) {
      if (access !== "credential") return undefined;
      const credential = credentialOf(exchange);
      return credential instanceof ConnectError
        ? undefined
        : credentials.recall(credential, exchange.request.socket);
    },
    async verify(access, exchange) {
      if (access !== "credential") return undefined;
      const credential = credentialOf(exchange);
      if (credential instanceof ConnectError) throw credential;
      return credentials.verify(credential, exchange.request.socket);
    },
  };
}

/** Where a credential is in a request depends on the dialect of its path. */
const credentialOf = ({ dialect, request }: Exchange): Credential | ConnectError =>
  dialect.credentialOf((name) => headerOf(request, name));

function toRefusal(error: unknown): unknown {
  if (!(error instanceof ConnectError)) return error;
  switch (error.code) {
    case Code.Unauthenticated:
    case Code.InvalidArgument:
      return credentialInvalid("the credential is unknown, malformed, expired or revoked");
    case Code.DeadlineExceeded:
    case Code.Unavailable:
      return failure(Code.Unavailable, ErrorReason.UPSTREAM_UNAVAILABLE, "identity does not answer", {
        peer: "identity",
      });
    default:
      return error;
  }
}
