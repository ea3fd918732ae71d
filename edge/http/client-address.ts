import ipaddr from "ipaddr.js";
import { type HttpRequest, headerOf } from "./http.ts";

/** Networks whose word on where a request comes from is taken. */
export type TrustedProxies = readonly [network: ipaddr.IPv4 | ipaddr.IPv6, bits: number][];

/** Proxies that are followed from the edge outwards. */
const hopsMax = 16;
/** What one subscriber usually gets of IPv6. */
const ipv6NetworkBits = 64;

/** Reads networks as CIDRs with commas between; undefined if one of them is none. */
export function parseProxies(text: string): TrustedProxies | undefined {
  const items = text.split(",").map((item) => item.trim());
  const networks = items.filter((item) => item !== "");
  return networks.every(isNetwork) ? networks.map((item) => ipaddr.parseCIDR(item)) : undefined;
}

/** As people read it: `010.0.0.0/8` would be another network than it seems, and IPv4 within IPv6 would be no address's. */
const isNetwork = (text: string): boolean =>
  text.includes(":")
    ? ipaddr.IPv6.isValidCIDR(text) && !ipaddr.IPv6.parseCIDR(text)[0].isIPv4MappedAddress()
    : ipaddr.IPv4.isValidCIDRFourPartDecimal(text);

/**
 * Where a request comes from: the peer of its connection, or, when that is a trusted proxy, the right-most address of
 * X-Forwarded-For that is not another one's. What stands left of it anybody may have written.
 */
export function clientAddressOf(request: HttpRequest, trusted: TrustedProxies): string {
  let address = plain(request.socket.remoteAddress ?? "");
  if (trusted.length === 0 || !isTrusted(address, trusted)) return address;
  const hops = headerOf(request, "x-forwarded-for")?.split(",").slice(-hopsMax) ?? [];
  for (const hop of hops.reverse()) {
    const parsed = parseHop(hop.trim());
    if (parsed === undefined) break;
    address = parsed;
    if (!isTrusted(address, trusted)) break;
  }
  return address;
}

/** The network that an address shares its limits with: itself, or its /64 in IPv6. */
export function networkOf(address: string): string {
  if (!address.includes(":") || !ipaddr.IPv6.isValid(address)) return address;
  return ipaddr.IPv6.networkAddressFromCIDR(`${withoutZone(address)}/${ipv6NetworkBits}`).toString();
}

function isTrusted(address: string, trusted: TrustedProxies): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  return trusted.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits));
}

// Some proxies add the port.
function parseHop(text: string): string | undefined {
  const host = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([^:]*):\d+$/.exec(text)?.[1] ?? text;
  return ipaddr.IPv4.isValidFourPartDecimal(host) || ipaddr.IPv6.isValid(host) ? plain(host) : undefined;
}

/** An address in one spelling, IPv4 within IPv6 as IPv4. */
function plain(address: string): string {
  if (!address.includes(":") || !ipaddr.IPv6.isValid(address)) return address;
  return ipaddr.process(withoutZone(address)).toString();
}

const withoutZone = (address: string): string => address.split("%", 1)[0] ?? address;
