import { createServer, type Server, type TLSSocket } from "node:tls";
import type { Logger } from "../../services/lib/telemetry/log.ts";
import { watchHandshakes } from "../../services/lib/tls/handshake-log.ts";
import { type Tls, tlsOptionsOf } from "./tls-context.ts";

/** Accepts TLS connections. Failed handshakes are logged and counted. */
export function createTlsServer(
  tls: Tls,
  { handshakeMs, log }: { handshakeMs: number; log: Logger },
  accept: (socket: TLSSocket) => void,
): Server {
  const server = createServer(tlsOptionsOf(tls, handshakeMs), (socket) => {
    if (mayEnter(socket, tls)) {
      accept(socket);
      return;
    }
    noteFailed(undefined, socket);
    socket.destroy();
  });
  const noteFailed = watchHandshakes(server, "edge", log);
  return server;
}

/** Where a certificate is optional, Node accepts clients with an invalid one. */
function mayEnter(socket: TLSSocket, { clientCertificates }: Tls): boolean {
  return clientCertificates !== "optional" || socket.authorized || !socket.getPeerX509Certificate();
}
