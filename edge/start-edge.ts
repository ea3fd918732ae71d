import { SpanKind } from "@opentelemetry/api";
import { BlobService } from "../gen/sluice/storage/v1/blobs_pb.ts";
import { addReadinessCheck } from "../services/lib/admin/readiness.ts";
import { createSigner, type Signer } from "../services/lib/rpc/principal.ts";
import type { Logger } from "../services/lib/telemetry/log.ts";
import { observeClient } from "../services/lib/telemetry/observe-client.ts";
import { type Admission, createAdmit } from "./admission/admit.ts";
import { createAuthenticate } from "./auth/authenticate.ts";
import { handleBatches } from "./batch/handle-batches.ts";
import { createRunBatch, type RunBatch } from "./batch/run-batch.ts";
import type { CallServices } from "./call/call-services.ts";
import { createCalls } from "./call/calls.ts";
import { createForward } from "./call/forward.ts";
import { observeCalls } from "./call/observe-calls.ts";
import { askUpstream, type ConfirmLease, createConfirmLease } from "./content/confirm-leases.ts";
import { createContentReads } from "./content/content-reads.ts";
import { createSharedFolder } from "./content/shared-folder.ts";
import { createChooseDialect } from "./dialects/choose-dialect.ts";
import type { CompatApi } from "./dialects/compat-api.ts";
import { google } from "./dialects/google.ts";
import type { ErrorStyle } from "./errors/caller-error.ts";
import type { TrustedProxies } from "./http/client-address.ts";
import { type CorsSettings, createCors } from "./http/cors.ts";
import { type Deadlines, usualDeadlines } from "./http/deadline.ts";
import type { Listener } from "./http/http.ts";
import { type Limits, standardLimits } from "./http/limits.ts";
import { type EdgeServer, startServer } from "./listen/server.ts";
import type { Tls } from "./listen/tls-context.ts";
import { boundHeadersOf, routesOf } from "./method/routes-of.ts";
import type { Pages } from "./pages/page.ts";
import { areReady } from "./protocols/health-protocol.ts";
import { type CreateProtocols, listProtocols } from "./protocols/list-protocols.ts";
import { createListener } from "./protocols/listener.ts";
import { createReportError } from "./protocols/report-error.ts";
import { requireAdmission } from "./protocols/require-admission.ts";
import { openUpstreams, type UpstreamOptions, type Upstreams } from "./upstream/open-upstreams.ts";
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
  /** APIs of other systems; all of them are served by the upstream `compat`. */
  compatApis?: readonly CompatApi[];
  /** Makes protocols beside those of the edge; they are asked before REST. */
  createProtocols?: CreateProtocols;
  /** Proxies whose X-Forwarded-For is trusted; none by default. */
  trustedProxies?: TrustedProxies;
};

/** Serves contracts on one port, each from the upstream that its package names; `identity` must be one of them. */
export async function startEdge(options: EdgeOptions): Promise<EdgeServer> {
  const { host, port, log, tls, passedHeaders = [], compatApis = [] } = options;
  await using cleanup = new AsyncDisposableStack();
  const exposed = [...options.services, ...compatApis.flatMap((api) => api.services)];
  const upstreams = cleanup.use(openUpstreams({ ...options, services: exposed }));
  cleanup.use(watchUpstreams(upstreams.byName.values()));
  cleanup.use(addReadinessCheck("edge", () => areReady(upstreams.byName)));
  const signer = createSigner("edge", options.meshPrivateKey);
  const methods = exposed.flatMap((service) => service.methods);
  const routes = methods.flatMap(routesOf);
  const dialects = compatApis.map(({ dialect }) => dialect);
  const dialectOf = createChooseDialect(dialects);
  const credentialHeaders = [...new Set([google, ...dialects].flatMap((one) => one.credentialHeaders))];
  const runBatch = createRunBatch({
    listener: () => listener,
    dialectOf,
    credentialHeaders,
    boundHeaders: boundHeadersOf(exposed),
    passedHeaders,
  });
  const services = createCallServices(options, { upstreams, signer, runBatch });
  const folder = options.storageDirectory
    ? cleanup.use(createSharedFolder(options.storageDirectory))
    : undefined;
  const protocols = listProtocols(services, {
    methods,
    routes,
    upstreams: upstreams.byName,
    pages: options.pages ?? new Map(),
    contentReads: folder && createContentReads(folder, confirmLeases(upstreams, signer)),
    createProtocols: options.createProtocols ?? (() => []),
  });
  const corsHeaders = [...credentialHeaders, ...passedHeaders];
  const listener: Listener = createListener({
    protocols,
    dialectOf,
    trustedProxies: options.trustedProxies ?? [],
    toError: services.toError,
    cors: options.cors && createCors(options.cors, { routes, headers: corsHeaders }),
    hstsMaxAgeSeconds: options.hstsMaxAgeSeconds,
    log,
  });
  const server = cleanup.use(
    await startServer({
      host,
      port,
      listener,
      dialectOf,
      log,
      tls,
      limits: options.limits ?? standardLimits,
    }),
  );
  const owned = cleanup.move();
  return { ...server, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function createCallServices(
  options: EdgeOptions,
  { upstreams, signer, runBatch }: { upstreams: Upstreams; signer: Signer; runBatch: RunBatch },
): CallServices {
  const { passedHeaders = [] } = options;
  const calls = observeCalls(
    createCalls({ upstreamOf: upstreams.of, signer, passedHeaders }),
    (method) => upstreams.of(method).peer,
  );
  const identity = transportTo(upstreams.named("identity"), [
    observeClient("edge", "identity", SpanKind.INTERNAL),
  ]);
  return requireAdmission({
    admit: createAdmit(createAuthenticate({ identity, signer }), options.admission),
    forward: createForward(handleBatches(calls, runBatch)),
    deadlines: options.deadlines ?? usualDeadlines,
    limits: options.limits ?? standardLimits,
    messageBytesMax: options.messageBytesMax ?? defaultMessageBytesMax,
    toError: createReportError(options.errorStyle ?? "guarded", options.log),
  });
}

const confirmLeases = (upstreams: Upstreams, signer: Signer): ConfirmLease =>
  createConfirmLease(askUpstream(() => upstreams.of(BlobService.method.confirmLeases), signer));
