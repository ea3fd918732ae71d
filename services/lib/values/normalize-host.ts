import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import ipaddr from "ipaddr.js";

const nameCharactersMax = 253;
const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * Canonical form of a host name or address: lower case, ASCII, without brackets or trailing dot; IPv4-mapped addresses
 * as IPv4. Equal forms mean equal hosts. Undefined for texts that are no host, or are one for some resolvers only.
 */
export function normalizeHost(text: string): string | undefined {
  const bare = /^\[.*\]$/.test(text) ? text.slice(1, -1) : text;
  // A zone names an interface of the resolving machine: elsewhere the same text is another host.
  if (bare.includes("%")) return undefined;
  if (isIP(bare) !== 0) return ipaddr.process(bare).toString();
  return bare === text ? normalizeName(text) : undefined;
}

function normalizeName(text: string): string | undefined {
  // domainToASCII parses a URL's host and would drop a path.
  if (/[\s/\\?#@:]/.test(text)) return undefined;
  const name = domainToASCII(text).replace(/\.$/, "");
  const labels = name.split(".");
  // Some resolvers take `127.1` and `0x7f.0.0.1` for addresses.
  const isNumeric = /^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? "");
  if (isIP(name) !== 0 || isNumeric || name.length > nameCharactersMax) return undefined;
  return labels.every((part) => label.test(part)) ? name : undefined;
}
