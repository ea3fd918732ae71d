import { checkServerIdentity, connect, type PeerCertificate, type TLSSocket } from "node:tls";
import { ChannelCredentials, type ChannelOptions, experimental, ServerCredentials } from "@grpc/grpc-js";
import type { Logger } from "../telemetry/log.ts";
import { type Certificates, type WatchedCertificates, watchCertificates } from "../tls/certificates.ts";
import type { MeshFiles } from "../tls/tls-settings.ts";

/** How a process shows the others over TCP who it is, and how it knows them. */
export type MeshTls = Disposable & {
  readonly serverCredentials: ServerCredentials;
  readonly channelCredentials: ChannelCredentials;
  /** Connects to a process of the mesh at `host:port`, for HTTP/2. */
  connect(peer: string, address: string): TLSSocket;
};

/** The DNS name in the certificate of a process: whoever calls it, and whom it calls, looks for it. */
export const certificateNameOf = (process: string): string => `sluice-${process}`;

/** Reads the certificates that a process was given, and again when they change; undefined where it was given none. */
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

/** What a server at this address shows and asks for: a unix socket is nobody else's, so it needs nothing. */
export const serverCredentialsFor = (address: string, tls: MeshTls | undefined): ServerCredentials =>
  tls && !isUnixSocket(address) ? tls.serverCredentials : ServerCredentials.createInsecure();

/** What a channel to a process at this address shows and asks for. */
export function channelSecurityFor(
  peer: string,
  address: string,
  tls: MeshTls | undefined,
): { credentials: ChannelCredentials; options: ChannelOptions } {
  if (!tls || isUnixSocket(address)) return { credentials: ChannelCredentials.createInsecure(), options: {} };
  const options = { "grpc.ssl_target_name_override": certificateNameOf(peer) };
  return { credentials: tls.channelCredentials, options };
}

/** Whether a certificate is that of a process; the authority has vouched for it already. */
export const isCertificateOf = (process: string, certificate: PeerCertificate): boolean =>
  checkServerIdentity(certificateNameOf(process), certificate) === undefined;

type Provider = Parameters<typeof experimental.createCertificateProviderChannelCredentials>[0];

/** Gives grpc-js the certificates in its own terms. */
function createProvider(watched: WatchedCertificates): Provider {
  const stops = new Map<unknown, () => void>();
  const follow = <T>(listener: (update: T) => void, toUpdate: (certificates: Certificates) => T) => {
    // Whoever asks is not ready to hear before it has been answered.
    process.nextTick(() => listener(toUpdate(watched.current)));
    stops.set(
      listener,
      watched.onRenewed((certificates) => listener(toUpdate(certificates))),
    );
  };
  const leave = (listener: unknown) => {
    stops.get(listener)?.();
    stops.delete(listener);
  };
  return {
    addCaCertificateListener: (listener) => follow(listener, ({ ca }) => (ca ? { caCertificate: ca } : null)),
    removeCaCertificateListener: leave,
    addIdentityCertificateListener: (listener) =>
      follow(listener, ({ cert, key }) => ({ certificate: cert, privateKey: key })),
    removeIdentityCertificateListener: leave,
  };
}
