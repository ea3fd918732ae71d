import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import { failure, hasReason } from "../../services/lib/rpc/errors.ts";
import { assertionHeader, type Principal, rightsOf, type Signer } from "../../services/lib/rpc/principal.ts";
import type { Credential } from "../dialects/dialect.ts";
import { credentialInvalid } from "../errors/refusals.ts";
import type { Exchange } from "../http/exchange.ts";
import { headerOf } from "../http/http.ts";
import type { EdgeAccess } from "../method/access.ts";
import { createDelegates } from "./delegation.ts";
import { cacheVerified, type Verified } from "./verified-credentials.ts";

/** Authenticates a request by its headers. */
export type Authenticate = {
  /** The cached principal of the credential, if there is one. */
  recall(access: EdgeAccess, exchange: Exchange): Principal | undefined;
  /** Undefined if the method needs no credential, or may do without and gets none. Rejects with Unauthenticated, or Unavailable. */
  verify(access: EdgeAccess, exchange: Exchange): Promise<Principal | undefined>;
  /** The principal, as it is now, of a call that was admitted with a credential. Rejects like `verify`. */
  verifyAgain(exchange: Exchange): Promise<Principal>;
};

/** Timeout of a verification, in milliseconds. */
const verifyMs = 5_000;

export function createAuthenticate(options: { identity: Transport; signer: Signer }): Authenticate {
  const client = createClient(PolicyService, options.identity);
  const credentials = cacheVerified(async (credential, { underWay, clientAddress }): Promise<Verified> => {
    const headers = { [assertionHeader]: await options.signer.assertionFor(undefined) };
    try {
      // Without a signal: other requests can wait for the same call.
      const request = { credential, underWay, clientAddress };
      const response = await client.verifyCredential(request, { headers, timeoutMs: verifyMs });
      const { orgId, userId, apiKeyId, loginId, expireTime } = response;
      return {
        principal: {
          orgId,
          userId,
          ...(apiKeyId && { apiKeyId }),
          ...(loginId && { loginId }),
          ...rightsOf(response),
        },
        expiresAtMs: expireTime && timestampMs(expireTime),
      };
    } catch (error) {
      throw toRefusal(error);
    }
  });
  const delegates = createDelegates(async ({ speaker, org, user }): Promise<Verified> => {
    const headers = { [assertionHeader]: await options.signer.assertionFor(undefined) };
    const { userId, apiKeyId } = speaker;
    try {
      const request = { apiKeyId, org, user };
      const response = await client.resolveDelegate(request, { headers, timeoutMs: verifyMs });
      const rights = rightsOf({ roles: response.roles, grants: response.grants });
      const delegate = { userId, apiKeyId };
      return {
        principal: { orgId: response.orgId, userId: response.userId, ...rights, delegate },
        expiresAtMs: undefined,
      };
    } catch (error) {
      throw toRefusal(error);
    }
  });
  return {
    recall(access, exchange) {
      if (access === "public" || access === "internal") return undefined;
      const credential = credentialOf(exchange);
      if (credential instanceof ConnectError) return undefined;
      const speaker = credentials.recall(credential, exchange.request.socket);
      return speaker && delegates.recall(speaker, exchange.request);
    },
    async verify(access, exchange) {
      if (access === "public" || access === "internal") return undefined;
      const credential = credentialOf(exchange);
      if (access === "optional" && hasReason(credential, ErrorReason.CREDENTIAL_MISSING)) return undefined;
      if (credential instanceof ConnectError) throw credential;
      const { request, clientAddress } = exchange;
      const speaker = await credentials.verify(credential, request.socket, clientAddress);
      return delegates.resolve(speaker, request);
    },
    async verifyAgain(exchange) {
      const credential = credentialOf(exchange);
      if (credential instanceof ConnectError) throw credential;
      const speaker = await credentials.verifyAgain(credential, exchange.request.socket);
      return delegates.resolve(speaker, exchange.request);
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
      return credentialInvalid(
        "the credential is unknown, malformed, expired or revoked",
        error.findDetails(ErrorInfoSchema).some(({ metadata }) => metadata.cause === "expired")
          ? { cause: "expired" }
          : {},
      );
    case Code.DeadlineExceeded:
    case Code.Unavailable:
      if (hasReason(error, ErrorReason.ISSUER_UNAVAILABLE)) return error;
      return failure(Code.Unavailable, ErrorReason.UPSTREAM_UNAVAILABLE, "identity does not answer", {
        peer: "identity",
      });
    default:
      return error;
  }
}
