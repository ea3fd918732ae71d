import ipaddr from "ipaddr.js";
import { addressRefused } from "../../errors.ts";

/** A network of addresses: its first address and the length of its prefix. */
export type Network = ReturnType<typeof ipaddr.parseCIDR>;

/** Resolves a host to its addresses. */
export type Lookup = (host: string) => Promise<string[]>;

/** Resolves a host to its addresses. FailedPrecondition (ADDRESS_REFUSED) unless the operator allows all of them. */
export type AddressGuard = (host: string, lookup: Lookup) => Promise<string[]>;

/**
 * Restricts sources to the allowed networks. Connect to the returned addresses only: resolved again, the name may mean
 * others.
 */
export const createAddressGuard =
  (allowed: readonly Network[]): AddressGuard =>
  async (host, lookup) => {
    // No network is allowed by default. Then the name is not even resolved.
    if (allowed.length === 0) throw hostRefused(host);
    const addresses = await lookup(host);
    if (!addresses.every((address) => isAllowed(address, allowed))) throw hostRefused(host);
    return addresses;
  };

function isAllowed(text: string, allowed: readonly Network[]): boolean {
  // An IPv4-mapped IPv6 address is the IPv4 address.
  const address = ipaddr.process(text);
  return allowed.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));
}

// The message omits the addresses: they would reveal the operator's network.
const hostRefused = (host: string) =>
  addressRefused(
    `the host ${JSON.stringify(host)} is not in a network that sources may be in: ` +
      "the operator names those in SOURCE_ADDRESS_ALLOW, as 10.0.0.0/8",
  );
