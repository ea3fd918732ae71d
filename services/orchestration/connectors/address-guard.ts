import ipaddr from "ipaddr.js";
import { addressRefused } from "../errors.ts";

/** A network of addresses: its first address and the length of its prefix. */
export type Network = ReturnType<typeof ipaddr.parseCIDR>;

/** Answers the addresses that a host stands for. */
export type Lookup = (host: string) => Promise<string[]>;

/** Answers the addresses that a host stands for, if the operator allows all of them. */
export type AddressGuard = (host: string, lookup: Lookup) => Promise<string[]>;

/**
 * Lets sources into the allowed networks only. Whoever connects must use the addresses that were checked: asked again,
 * the name may stand for others.
 */
export const createAddressGuard =
  (allowed: readonly Network[]): AddressGuard =>
  async (host, lookup) => {
    // No network is allowed by default: the name is not even looked up.
    if (allowed.length === 0) throw hostRefused(host);
    const addresses = await lookup(host);
    if (!addresses.every((address) => isAllowed(address, allowed))) throw hostRefused(host);
    return addresses;
  };

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
