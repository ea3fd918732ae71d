import { SpanKind } from "@opentelemetry/api";
import { BlobService } from "../gen/sluice/storage/v1/blobs_pb.ts";
import { addReadinessCheck } from "../services/lib/admin/readiness.ts";
import { createSigner } from "../services/lib/rpc/principal.ts";
import type { Logger } from "../services/lib/telemetry/log.ts";
import { observeClient } from "../services/lib/telemetry/observe-client.ts";
import { type Admission, createAdmit } from "./admission/admit.ts";
import { createAuthenticate } from "./auth/authenticate.ts";
import { answerBatches } from "./batch/answer-batches.ts";
import { createRunBatch } from "./batch/run-batch.ts";
import { createCalls } from "./call/calls.ts";
import { createForward } from "./call/forward.ts";
import { observeCalls } from "./call/observe-calls.ts";
import { askUpstream, createConfirmLease } from "./content/confirm-leases.ts";
import { createContentReads } from "./content/content-reads.ts";
import { createSharedFolder } from "./content/shared-folder.ts";
import type { ErrorStyle } from "./errors/caller-error.ts";
import type { TrustedProxies } from "./http/client-address.ts";
import type { CorsSettings } from "./http/cors.ts";
import { type Deadlines, usualDeadlines } from "./http/deadline.ts";
import type { Listener } from "./http/http.ts";
import { type Limits, standardLimits } from "./http/limits.ts";
import { type EdgeServer, startServer } from "./listen/server.ts";
import type { Tls } from "./listen/tls-context.ts";
import { boundHeadersOf } from "./method/routes-of.ts";
import type { Pages } from "./pages/page.ts";
import { areReady } from "./protocols/health.ts";
import { createListener } from "./protocols/listener.ts";
import { openUpstreams, type UpstreamOptions } from "./upstream/open-upstreams.ts";
import { transportTo } from "./upstream/transport.ts";
import { watchUpstreams } from "./upstream/watch-upstreams.ts";

/** Largest message of an RPC, inflated, in bytes. */
const defaultMessageBytesMax = 4 * 1024 * 1024;

/** What an edge serves, and how. */
type EdgeOptions = UpstreamOptions & {
  host: string;
  port: number;
  /** What is served to anybody, by path; nothing by default. */
  pages?: Pages;
  /** Largest message of a request to an RPC, inflated, in bytes. */
  messageBytesMax?: number | undefined;
  /** Headers of requests that upstreams get to see; no other passes. In lower case. */
  passedHeaders?: readonly string[];
  deadlines?: Deadlines;
  /** How errors reach callers; `guarded` by default. */
  errorStyle?: ErrorStyle;
  /** Without it, the port speaks cleartext. */
  tls?: Tls | undefined;
  /** A folder of files that an upstream shares with the edge. */
  storageDirectory?: string | undefined;
  /** How long browsers call over TLS only, in seconds; undefined to say nothing. */
  hstsMaxAgeSeconds?: number | undefined;
  /** Without it, pages of other origins can't call. */
  cors?: CorsSettings | undefined;
  meshPrivateKey: string;
  log: Logger;
  limits?: Limits;
  /** Without it, callers are not counted. */
  admission?: Admission;
  /** Whose word on the address of a caller is taken; nobody's by default. */
  trustedProxies?: TrustedProxies;
};

/** Serves contracts on one port, each from the upstream that its package names; `identity` must be one of them. */
export async function startEdge(options: EdgeOptions): Promise<EdgeServer> {
  const { host, port, services, log, tls } = options;
  const { limits = standardLimits, passedHeaders = [] } = options;
  await using cleanup = new AsyncDisposableStack();
  const upstreams = cleanup.use(openUpstreams(options));
  cleanup.use(watchUpstreams(upstreams.byName.values()));
  const signer = createSigner("edge", options.meshPrivateKey);
  cleanup.use(addReadinessCheck("edge", () => areReady(upstreams.byName)));
  const runBatch = createRunBatch({
    listener: () => listener,
    boundHeaders: boundHeadersOf(services),
    passedHeaders,
  });
  const calls = observeCalls(
    createCalls({ upstreamOf: upstreams.of, signer, passedHeaders }),
    (method) => upstreams.of(method).peer,
  );
  const authenticate = createAuthenticate({
    identity: transportTo(upstreams.named("identity"), [
      observeClient("edge", "identity", SpanKind.INTERNAL),
    ]),
    signer,
  });
  const folder = options.storageDirectory
    ? cleanup.use(createSharedFolder(options.storageDirectory))
    : undefined;
  const listener: Listener = createListener({
    services,
    upstreams: upstreams.byName,
    pages: options.pages ?? new Map(),
    admit: createAdmit(authenticate, options.admission),
    trustedProxies: options.trustedProxies ?? [],
    forward: createForward(answerBatches(calls, runBatch)),
    contentReads:
      folder &&
      createContentReads(
        folder,
        createConfirmLease(askUpstream(() => upstreams.of(BlobService.method.confirmLeases), signer)),
      ),
    messageBytesMax: options.messageBytesMax ?? defaultMessageBytesMax,
    deadlines: options.deadlines ?? usualDeadlines,
    limits,
    errorStyle: options.errorStyle ?? "guarded",
    log,
    hstsMaxAgeSeconds: options.hstsMaxAgeSeconds,
    cors: options.cors,
    passedHeaders,
  });
  const server = cleanup.use(await startServer({ host, port, listener, log, tls, limits }));
  const owned = cleanup.move();
  return { ...server, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
