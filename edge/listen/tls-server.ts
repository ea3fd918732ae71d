import { createServer, type Server, type TLSSocket } from "node:tls";
import type { Logger } from "../../services/lib/telemetry/log.ts";
import { watchHandshakes } from "../../services/lib/tls/handshake-log.ts";
import { type Tls, tlsOptionsOf } from "./tls-context.ts";

/** Takes TLS connections. Those that fail before they are secure are told of; the others are handed on. */
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

/** Where a certificate is not required, Node lets in whoever shows a wrong one. */
function mayEnter(socket: TLSSocket, { clientCertificates }: Tls): boolean {
  return clientCertificates !== "optional" || socket.authorized || !socket.getPeerX509Certificate();
}
