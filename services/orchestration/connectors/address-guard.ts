import { lookup } from "node:dns/promises";
import ipaddr from "ipaddr.js";
import type { Network } from "../config.ts";
import { addressRefused, sourceUnreachable } from "../errors.ts";
import { beforeAbort } from "../executions/before-abort.ts";

/** Answers the addresses that a host stands for, if the operator allows all of them. */
export type AddressGuard = (host: string, signal: AbortSignal) => Promise<string[]>;

/** Every address of a host. */
type Lookup = (host: string) => Promise<string[]>;

/**
 * Lets sources into the allowed networks only. Whoever connects must use the addresses that were checked: asked again,
 * the name may stand for others.
 */
export const createAddressGuard =
  (allowed: readonly Network[], addressesOf: Lookup = lookupAll): AddressGuard =>
  async (host, signal) => {
    // No network is allowed by default: the name is not even looked up.
    if (allowed.length === 0) throw hostRefused(host);
    const addresses = await resolve(addressesOf, host, signal);
    if (!addresses.every((address) => isAllowed(address, allowed))) throw hostRefused(host);
    return addresses;
  };

const lookupAll: Lookup = async (host) => {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
};

async function resolve(addressesOf: Lookup, host: string, signal: AbortSignal): Promise<string[]> {
  try {
    return await beforeAbort(addressesOf(host), signal);
  } catch {
    signal.throwIfAborted();
    throw sourceUnreachable(`the host ${JSON.stringify(host)} is not known`);
  }
}

function isAllowed(text: string, allowed: readonly Network[]): boolean {
  // An IPv4 address in IPv6's clothes is the IPv4 address.
  const address = ipaddr.process(text);
  return allowed.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));
}

// The addresses themselves would tell the caller about the operator's network.
const hostRefused = (host: string) =>
  addressRefused(
    `the host ${JSON.stringify(host)} is not in a network that sources may be in: ` +
      "the operator names those in SOURCE_ADDRESS_ALLOW, as 10.0.0.0/8",
  );
