import type { ServerHttp2Session } from "node:http2";
import { type DetailedPeerCertificate, TLSSocket } from "node:tls";

/**
 * Reads the certificate of a connection's peer once. grpc-js asks the connection for it with each call, and Node reads it
 * anew each time, which takes as long as the call itself. It is the connection's for as long as that lives.
 */
export function keepCertificate({ socket }: ServerHttp2Session): void {
  if (!(socket instanceof TLSSocket)) return;
  const certificate = socket.getPeerCertificate() as DetailedPeerCertificate;
  socket.getPeerCertificate = () => certificate;
}
