import type { ServerHttp2Session } from "node:http2";
import { type DetailedPeerCertificate, TLSSocket } from "node:tls";

/**
 * Caches the peer certificate of a connection. grpc-js reads it with each call, and Node parses it each time, which
 * takes as long as the call itself. A connection never changes its certificate.
 */
export function keepCertificate({ socket }: ServerHttp2Session): void {
  if (!(socket instanceof TLSSocket)) return;
  const certificate = socket.getPeerCertificate() as DetailedPeerCertificate;
  socket.getPeerCertificate = () => certificate;
}
