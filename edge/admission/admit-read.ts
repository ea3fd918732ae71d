import { Code, type ConnectError } from "@connectrpc/connect";
import { LRUCache } from "lru-cache";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { networkOf } from "../http/client-address.ts";
import type { Exchange } from "../http/exchange.ts";
import type { LimitRequest, ReadLimits } from "./limit.ts";
import type { Limiter } from "./limiter.ts";
import {
  bytesRequest,
  createReadBudget,
  permitRequest,
  type ReadOwner,
  readBytesMin,
} from "./read-budget.ts";

/** Cost of a read that finds nothing or is refused, in bytes. It slows down guessing. */
const failedReadBytes = 10 * 1024 * 1024;
const guessCodes: readonly Code[] = [Code.NotFound, Code.PermissionDenied, Code.InvalidArgument];

/** Public paths whose organisation is cached. */
const pathsMax = 10_000;

/** Admits file reads, which are limited by their bytes and not by their number. */
export type AdmitRead = (
  exchange: Exchange,
  acquire: (requests: readonly LimitRequest[]) => Promise<void>,
) => Promise<void>;

export function createAdmitRead(limiter: Limiter, limits: ReadLimits): AdmitRead {
  const orgs = new LRUCache<string, string>({ max: pathsMax });
  return async (exchange, acquire) => {
    const path = pathOf(exchange);
    const owners = ownersOf(exchange, orgs.get(path));
    await acquire(
      owners.flatMap((owner) => [bytesRequest(limits, owner, readBytesMin), permitRequest(limits, owner)]),
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
      // The organisation is not charged: anyone with an expired URL could use up its budget.
      const [guesser] = owners;
      if (guesser) limiter.charge(bytesRequest(limits, guesser, failedReadBytes));
    });
  };
}

/** Without the query: any number of queries lead to the same file. */
const pathOf = ({ request: { url = "" } }: Exchange): string => url.split("?", 1)[0] ?? "";

const isGuess = (error: ConnectError | undefined): boolean =>
  error !== undefined && guessCodes.includes(error.code);

/** Without a principal, only the address is known, and the organisation once the path has been read. */
function ownersOf({ principal, clientAddress }: Exchange, orgId: string | undefined): ReadOwner[] {
  if (principal) return [credentialOf(principal), { name: "org", key: principal.orgId }];
  const address: ReadOwner = { name: "address", key: networkOf(clientAddress) };
  return orgId === undefined ? [address] : [address, { name: "org", key: orgId }];
}

const credentialOf = ({ apiKeyId, orgId, userId }: Principal): ReadOwner =>
  apiKeyId ? { name: "api-key", key: apiKeyId } : { name: "user", key: `${orgId}/${userId}` };
