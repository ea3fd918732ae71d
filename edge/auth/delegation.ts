import { invalidField } from "../../services/lib/rpc/errors.ts";
import { allowsEverywhere, delegatePermission } from "../../services/lib/rpc/permissions.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { type HttpRequest, headerOf } from "../http/http.ts";
import { createPrincipalCache } from "./principal-cache.ts";
import type { Verified } from "./verified-credentials.ts";

const orgHeader = "x-org-id";
const userHeader = "x-user-id";

/** Headers that name the user that a delegated call is for. From all other callers they are ignored. */
export const delegationHeaders: readonly string[] = [orgHeader, userHeader];

/**
 * Time for which an answer of identity holds, in milliseconds. It leaves time to ask again for calls under way and to end them
 * within 5 seconds after a user has lost access.
 */
const reuseMs = 3_000;

/** One value: several headers of a name are joined by commas. */
const valuePattern = /^[\x21-\x2b\x2d-\x7e]{1,255}$/;

/** An API key that speaks for others, and its headers. */
export type Delegation = {
  readonly speaker: Principal & { readonly apiKeyId: string };
  /** Empty for the key's default organisation. */
  readonly org: string;
  /** Empty for the organisation's service principal. */
  readonly user: string;
};

/** Finds the user that a verified caller speaks for. */
export type Delegates = {
  /** The caller itself, unless it speaks for another; or else the cached principal, if there is one. */
  recall(speaker: Principal, request: HttpRequest): Principal | undefined;
  /** Rejects with PermissionDenied (DELEGATE_UNKNOWN), and InvalidArgument for malformed headers. */
  resolve(speaker: Principal, request: HttpRequest): Promise<Principal>;
};

export function createDelegates(
  resolve: (delegation: Delegation) => Promise<Verified>,
  now?: () => number,
): Delegates {
  const cache = createPrincipalCache(resolve, { reuseMs, now });
  const keyOf = createKeyOf();
  return {
    recall(speaker, request) {
      if (!speaks(speaker, request.headers)) return speaker;
      const { [orgHeader]: org, [userHeader]: user } = request.headers;
      // An empty header is malformed: it must not count as a missing one.
      return org === "" || user === "" ? undefined : cache.recall(keyOf(speaker, request));
    },
    async resolve(speaker, request) {
      if (!speaks(speaker, request.headers)) return speaker;
      const delegation = {
        speaker,
        org: readHeader(request, orgHeader),
        user: readHeader(request, userHeader),
      };
      return cache.verify(keyOf(speaker, request), delegation);
    },
  };
}

/** Only the key itself speaks for others, and only with the permission: a login with the key does not. */
function speaks(
  speaker: Principal,
  headers: HttpRequest["headers"],
): speaker is Principal & { readonly apiKeyId: string } {
  if (headers[orgHeader] === undefined && headers[userHeader] === undefined) return false;
  const { apiKeyId, loginId } = speaker;
  return apiKeyId !== undefined && loginId === undefined && allowsEverywhere(speaker, delegatePermission);
}

type Named = { readonly apiKeyId: string | undefined; readonly org: unknown; readonly user: unknown };

/**
 * Keys of the cache, which contain three values without spaces where the headers are valid. The last key of each
 * connection is kept: the next request usually names the same user.
 */
function createKeyOf(): (speaker: Principal, request: HttpRequest) => string {
  const last = new WeakMap<object, Named & { readonly key: string }>();
  return ({ apiKeyId }, { headers, socket }) => {
    const { [orgHeader]: org, [userHeader]: user } = headers;
    const before = last.get(socket);
    if (before && before.user === user && before.org === org && before.apiKeyId === apiKeyId)
      return before.key;
    const key = `${apiKeyId} ${org ?? ""} ${user ?? ""}`;
    last.set(socket, { apiKeyId, org, user, key });
    return key;
  };
}

function readHeader(request: HttpRequest, name: string): string {
  const value = headerOf(request, name);
  if (value === undefined) return "";
  if (valuePattern.test(value)) return value;
  throw invalidField(name, "must be one value of 1 to 255 visible ASCII characters without a comma");
}
