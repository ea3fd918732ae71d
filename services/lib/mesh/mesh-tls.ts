import { checkServerIdentity, connect, type PeerCertificate, type TLSSocket } from "node:tls";
import { ChannelCredentials, type ChannelOptions, experimental, ServerCredentials } from "@grpc/grpc-js";
import type { Logger } from "../telemetry/log.ts";
import { type Certificates, type WatchedCertificates, watchCertificates } from "../tls/certificates.ts";
import type { MeshFiles } from "../tls/tls-settings.ts";

/** Mutual TLS between the processes of the mesh. */
export type MeshTls = Disposable & {
  readonly serverCredentials: ServerCredentials;
  readonly channelCredentials: ChannelCredentials;
  /** Opens a TLS connection for HTTP/2 to a process at `host:port`. */
  connect(peer: string, address: string): TLSSocket;
};

/** The DNS name in the certificate of a process, which both ends of a connection verify. */
export const certificateNameOf = (process: string): string => `sluice-${process}`;

/** Reads the certificates and reloads them when they change; undefined without files. */
export async function openMeshTls(
  files: MeshFiles,
  log: Logger,
  intervalMs?: number,
): Promise<MeshTls | undefined> {
  if (!files) return undefined;
  const watched = await watchCertificates(files, { log, ...(intervalMs && { intervalMs }) });
  const provider = createProvider(watched);
  return {
    serverCredentials: experimental.createCertificateProviderServerCredentials(provider, provider, true),
    channelCredentials: experimental.createCertificateProviderChannelCredentials(provider, provider),
    connect(peer, address) {
      const [, host = "", port = ""] = /^\[?([^\]]*)\]?:(\d+)$/.exec(address) ?? [];
      const { cert, key, ca } = watched.current;
      const servername = certificateNameOf(peer);
      return connect({ host, port: Number(port), servername, ca, cert, key, ALPNProtocols: ["h2"] });
    },
    [Symbol.dispose]: () => watched[Symbol.dispose](),
  };
}

const isUnixSocket = (address: string): boolean => address.startsWith("unix:");

/** Unix sockets are not encrypted: file permissions protect them. */
export const serverCredentialsFor = (address: string, tls: MeshTls | undefined): ServerCredentials =>
  tls && !isUnixSocket(address) ? tls.serverCredentials : ServerCredentials.createInsecure();

export function channelSecurityFor(
  peer: string,
  address: string,
  tls: MeshTls | undefined,
): { credentials: ChannelCredentials; options: ChannelOptions } {
  if (!tls || isUnixSocket(address)) return { credentials: ChannelCredentials.createInsecure(), options: {} };
  const options = { "grpc.ssl_target_name_override": certificateNameOf(peer) };
  return { credentials: tls.channelCredentials, options };
}

/** Checks only the name: TLS has verified the certificate's chain. */
export const isCertificateOf = (process: string, certificate: PeerCertificate): boolean =>
  checkServerIdentity(certificateNameOf(process), certificate) === undefined;

type Provider = Parameters<typeof experimental.createCertificateProviderChannelCredentials>[0];

/** Adapts the certificates to grpc-js. */
function createProvider(watched: WatchedCertificates): Provider {
  const stops = new Map<unknown, () => void>();
  const follow = <T>(listener: (update: T) => void, toUpdate: (certificates: Certificates) => T) => {
    // grpc-js is not ready for the update before this function has returned.
    process.nextTick(() => listener(toUpdate(watched.current)));
    stops.set(
      listener,
      watched.onRenewed((certificates) => listener(toUpdate(certificates))),
    );
  };
  const unfollow = (listener: unknown) => {
    stops.get(listener)?.();
    stops.delete(listener);
  };
  return {
    addCaCertificateListener: (listener) => follow(listener, ({ ca }) => (ca ? { caCertificate: ca } : null)),
    removeCaCertificateListener: unfollow,
    addIdentityCertificateListener: (listener) =>
      follow(listener, ({ cert, key }) => ({ certificate: cert, privateKey: key })),
    removeIdentityCertificateListener: unfollow,
  };
}
