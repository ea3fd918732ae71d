import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import ipaddr from "ipaddr.js";

const nameCharactersMax = 253;
const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * The one spelling of a host name or address: lower case, ASCII, without brackets and trailing dot, an IPv4-mapped address as
 * IPv4. Hosts are the same exactly when these are equal; undefined for what is no host, or is one by some resolvers only.
 */
export function normalizeHost(text: string): string | undefined {
  const bare = /^\[.*\]$/.test(text) ? text.slice(1, -1) : text;
  // A zone names an interface of the machine that resolves it: the same text is another host elsewhere.
  if (bare.includes("%")) return undefined;
  if (isIP(bare) !== 0) return ipaddr.process(bare).toString();
  return bare === text ? normalizeName(text) : undefined;
}

function normalizeName(text: string): string | undefined {
  // domainToASCII reads an URL's host: it would cut off a path.
  if (/[\s/\\?#@:]/.test(text)) return undefined;
  const name = domainToASCII(text).replace(/\.$/, "");
  const labels = name.split(".");
  // `127.1` and `0x7f.0.0.1` are addresses to some resolvers.
  const isNumeric = /^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? "");
  if (isIP(name) !== 0 || isNumeric || name.length > nameCharactersMax) return undefined;
  return labels.every((part) => label.test(part)) ? name : undefined;
}
