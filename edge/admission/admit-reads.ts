import { Code, type ConnectError } from "@connectrpc/connect";
import { LRUCache } from "lru-cache";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { networkOf } from "../http/client-address.ts";
import type { Exchange } from "../http/exchange.ts";
import type { ReadLimits, Turn } from "./limit.ts";
import type { Limiter } from "./limiter.ts";
import { bytesAskOf, createReadBudget, placeAskOf, type ReadOwner, readBytesMin } from "./read-budget.ts";

/** What a read takes that finds nothing, or is not allowed, in bytes: whoever guesses is slowed down. */
const failedReadBytes = 10 * 1024 * 1024;
const guesses: readonly Code[] = [Code.NotFound, Code.PermissionDenied, Code.InvalidArgument];

/** Paths that anybody may read whose organisation is known. */
const pathsMax = 10_000;

/** Lets reads of files in, by what they may read and not by how many they are. */
export type AdmitRead = (exchange: Exchange, enter: (turn: Turn) => Promise<void>) => Promise<void>;

export function createAdmitRead(limiter: Limiter, limits: ReadLimits): AdmitRead {
  const orgs = new LRUCache<string, string>({ max: pathsMax });
  return async (exchange, enter) => {
    const path = pathOf(exchange);
    const owners = ownersOf(exchange, orgs.get(path));
    await enter(
      owners.flatMap((owner) => [bytesAskOf(limits, owner, readBytesMin), placeAskOf(limits, owner)]),
    );
    const budget = createReadBudget({ limiter, limits }, exchange, owners);
    exchange.reads = {
      ...budget,
      countFor(orgId) {
        if (!exchange.principal) orgs.set(path, orgId);
        budget.countFor(orgId);
      },
    };
    exchange.onClosed(() => {
      if (!isGuess(exchange.error)) return;
      // Not for its organisation: whoever holds a dead URL would use up what others may read.
      const [guesser] = owners;
      if (guesser) limiter.charge(bytesAskOf(limits, guesser, failedReadBytes));
    });
  };
}

/** Without the query, which may be spelled in many ways that say nothing. */
const pathOf = ({ request: { url = "" } }: Exchange): string => url.split("?", 1)[0] ?? "";

const isGuess = (error: ConnectError | undefined): boolean =>
  error !== undefined && guesses.includes(error.code);

/** Without a principal the address is all that is known, and the organisation once the path was read before. */
function ownersOf({ principal, clientAddress }: Exchange, orgId: string | undefined): ReadOwner[] {
  if (principal) return [credentialOf(principal), { name: "org", key: principal.orgId }];
  const address: ReadOwner = { name: "address", key: networkOf(clientAddress) };
  return orgId === undefined ? [address] : [address, { name: "org", key: orgId }];
}

const credentialOf = ({ apiKeyId, orgId, userId }: Principal): ReadOwner =>
  apiKeyId ? { name: "api-key", key: apiKeyId } : { name: "user", key: `${orgId}/${userId}` };
