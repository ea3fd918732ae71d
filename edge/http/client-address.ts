import ipaddr from "ipaddr.js";
import { type HttpRequest, headerOf } from "./http.ts";

/** Networks of proxies whose X-Forwarded-For is trusted. */
export type TrustedProxies = readonly [network: ipaddr.IPv4 | ipaddr.IPv6, bits: number][];

/** Most hops of X-Forwarded-For that are looked at, from the edge outwards. */
const hopsMax = 16;
/** The prefix that an IPv6 subscriber usually has. */
const ipv6NetworkBits = 64;

/** Parses CIDRs with commas between; undefined if one is malformed. */
export function parseProxies(text: string): TrustedProxies | undefined {
  const items = text.split(",").map((item) => item.trim());
  const networks = items.filter((item) => item !== "");
  return networks.every(isNetwork) ? networks.map((item) => ipaddr.parseCIDR(item)) : undefined;
}

/** Rejects what reads differently than it parses: `010.0.0.0/8` is octal, and IPv4-mapped IPv6 never matches. */
const isNetwork = (text: string): boolean =>
  text.includes(":")
    ? ipaddr.IPv6.isValidCIDR(text) && !ipaddr.IPv6.parseCIDR(text)[0].isIPv4MappedAddress()
    : ipaddr.IPv4.isValidCIDRFourPartDecimal(text);

/**
 * The client's address: the peer of the connection or, if that is a trusted proxy, the right-most address of
 * X-Forwarded-For that is not a trusted proxy. Addresses left of it can be forged.
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

/** The key of an address in limits: the address itself, or its /64 network in IPv6. */
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

/** The canonical form of an address; IPv4-mapped IPv6 becomes IPv4. */
function plain(address: string): string {
  if (!address.includes(":") || !ipaddr.IPv6.isValid(address)) return address;
  return ipaddr.process(withoutZone(address)).toString();
}

const withoutZone = (address: string): string => address.split("%", 1)[0] ?? address;
