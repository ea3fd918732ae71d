import { lookup } from "node:dns/promises";
import { connect, isIP, type Socket } from "node:net";
import type { MeshTls } from "../../../services/lib/mesh/mesh-tls.ts";

/** A socket that an upstream listens on. */
export type Address =
  | { readonly name: string; readonly path: string }
  | { readonly name: string; readonly host: string; readonly port: number };

/** Opens a socket for an HTTP/2 connection. */
export type Dial = (address: Address) => Socket;

export const dialCleartext: Dial = (address) =>
  "path" in address ? connect(address.path) : connect({ ...address, noDelay: true });

/** Dials over TLS if the mesh has certificates. Unix sockets are always cleartext. */
export const dialOver = (tls: MeshTls | undefined, peer: string): Dial =>
  tls
    ? (address) => ("path" in address ? connect(address.path) : tls.connect(peer, authorityOf(address)))
    : dialCleartext;

/** Authority of a URL; IPv6 addresses are in brackets. */
export const authorityOf = ({ host, port }: { host: string; port: number }): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

/** Parses comma-separated gRPC targets: `host:port`, or `unix:` and a path. */
export function parseTarget(target: string): Address[] {
  return target.split(",").map((text) => {
    const path = /^unix:(?:\/\/)?(.*)$/.exec(text)?.[1];
    if (path) return { name: text, path };
    const [, host = "", port] = /^(?:(?:dns|ipv4|ipv6):(?:\/\/\/?)?)?(.*):(\d+)$/.exec(text) ?? [];
    if (!host) throw new Error(`${text} is no address: it must be host:port, or unix: and a path`);
    return { name: text, host: host.replace(/^\[(.*)\]$/, "$1"), port: Number(port) };
  });
}

/** Whether the address is a host name, whose addresses can change. */
export const isName = (address: Address): boolean => "host" in address && isIP(address.host) === 0;

/** Addresses of a host name, none if it is unknown; any other address resolves to itself. */
export async function resolve(address: Address): Promise<Address[]> {
  if (!("host" in address) || !isName(address)) return [address];
  const found = await lookup(address.host, { all: true }).catch(() => []);
  return found.map(({ address: host }) => ({
    name: authorityOf({ host, port: address.port }),
    host,
    port: address.port,
  }));
}
