import { lookup } from "node:dns/promises";
import { connect, isIP, type Socket } from "node:net";
import type { MeshTls } from "../../services/lib/mesh/mesh-tls.ts";

/** One place where an upstream listens. */
export type Address =
  | { readonly name: string; readonly path: string }
  | { readonly name: string; readonly host: string; readonly port: number };

/** Makes a connection that HTTP/2 is spoken on. */
export type Dial = (address: Address) => Socket;

export const dialCleartext: Dial = (address) =>
  "path" in address ? connect(address.path) : connect({ ...address, noDelay: true });

/** Makes connections as the mesh has them: over TLS where there are certificates, but for unix sockets. */
export const dialOver = (tls: MeshTls | undefined, peer: string): Dial =>
  tls
    ? (address) => ("path" in address ? connect(address.path) : tls.connect(peer, authorityOf(address)))
    : dialCleartext;

/** `host:port` as URLs have it. */
export const authorityOf = ({ host, port }: { host: string; port: number }): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

/** Reads a target: gRPC targets, `host:port` or `unix:` and a path, with commas between them. */
export function parseTarget(target: string): Address[] {
  return target.split(",").map((text) => {
    const path = /^unix:(?:\/\/)?(.*)$/.exec(text)?.[1];
    if (path) return { name: text, path };
    const [, host = "", port] = /^(?:(?:dns|ipv4|ipv6):(?:\/\/\/?)?)?(.*):(\d+)$/.exec(text) ?? [];
    if (!host) throw new Error(`${text} is no address: it must be host:port, or unix: and a path`);
    return { name: text, host: host.replace(/^\[(.*)\]$/, "$1"), port: Number(port) };
  });
}

/** Whether looking up again may answer something else. */
export const isName = (address: Address): boolean => "host" in address && isIP(address.host) === 0;

/** Every address that a name has, or the address itself; none where the name is not known. */
export async function resolve(address: Address): Promise<Address[]> {
  if (!("host" in address) || !isName(address)) return [address];
  const found = await lookup(address.host, { all: true }).catch(() => []);
  return found.map(({ address: host }) => ({
    name: authorityOf({ host, port: address.port }),
    host,
    port: address.port,
  }));
}
