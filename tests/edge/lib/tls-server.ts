import { pino } from "pino";
import { type Limits, standardLimits } from "../../../edge/http/limits.ts";
import { type EdgeServer, startServer } from "../../../edge/listen/server.ts";
import type { ClientCertificates } from "../../../edge/listen/tls-context.ts";
import { createMeshCertificate, type Pair } from "../../../services/all-in-one/mesh-certificates.ts";

/** The DNS name in the certificate of the server. */
export const servername = "sluice-edge";

export type TlsTestServer = AsyncDisposable & {
  readonly server: EdgeServer;
  readonly port: number;
  /** Lines of its log, parsed. */
  readonly log: Record<string, unknown>[];
};

/** The edge's server with a certificate of the authority. Every response is `done`. */
export async function startTlsServer(
  authority: Pair,
  clients: { clientCaPem?: string; clientCertificates?: ClientCertificates } = {},
  limits: Partial<Limits> = {},
): Promise<TlsTestServer> {
  const pair = await createMeshCertificate(authority, "edge");
  const log: Record<string, unknown>[] = [];
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    tls: { ...pair, ...clients },
    log: pino({ level: "info" }, { write: (line) => log.push(JSON.parse(line)) }),
    limits: { ...standardLimits, ...limits },
    listener: (_, response) => void response.end("done"),
  });
  return {
    server,
    port: Number(new URL(server.address).port),
    log,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
