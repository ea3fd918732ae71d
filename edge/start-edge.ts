import { SpanKind } from "@opentelemetry/api";
import { BlobService } from "../gen/sluice/storage/v1/blobs_pb.ts";
import { addReadinessCheck } from "../services/lib/admin/readiness.ts";
import { createSigner, type Signer } from "../services/lib/rpc/principal.ts";
import type { Logger } from "../services/lib/telemetry/log.ts";
import { observeClient } from "../services/lib/telemetry/observe-client.ts";
import { type Admission, type Admit, createAdmit, watchAdmitted } from "./admission/admit.ts";
import { createAuthenticate } from "./auth/authenticate.ts";
import { createCallsUnderWay } from "./auth/calls-under-way.ts";
import { delegationHeaders } from "./auth/delegation.ts";
import { handleBatches } from "./batch/handle-batches.ts";
import { createInnerCalls } from "./batch/inner-calls.ts";
import { createRunBatch, type RunBatch } from "./batch/run-batch.ts";
import { cacheResponses, checkCaching } from "./cache/cache-responses.ts";
import type { CallServices } from "./call/call-services.ts";
import { createCalls } from "./call/calls.ts";
import { createForward } from "./call/forward.ts";
import { observeCalls } from "./call/observe-calls.ts";
import { createCompositionProtocol } from "./compositions/composition-protocol.ts";
import { planCompositions } from "./compositions/plan-composition.ts";
import type { CompositionSettings } from "./compositions/read-compositions.ts";
import { type ConfirmLease, confirmWithUpstream, createConfirmLease } from "./content/confirm-leases.ts";
import { createContentReads } from "./content/content-reads.ts";
import { createSharedFolder } from "./content/shared-folder.ts";
import { createChooseDialect } from "./dialects/choose-dialect.ts";
import type { CompatApi } from "./dialects/compat-api.ts";
import type { CompatPort } from "./dialects/compat-settings.ts";
import { google } from "./dialects/google.ts";
import type { ErrorStyle } from "./errors/caller-error.ts";
import type { TrustedProxies } from "./http/client-address.ts";
import { type CorsSettings, createCors } from "./http/cors.ts";
import { type Deadlines, defaultDeadlines } from "./http/deadline.ts";
import type { Listener } from "./http/http.ts";
import { type Limits, standardLimits } from "./http/limits.ts";
import type { EdgeServer } from "./listen/server.ts";
import { startServers } from "./listen/start-servers.ts";
import type { Tls } from "./listen/tls-context.ts";
import { boundHeadersOf, routesOf } from "./method/routes-of.ts";
import type { Pages } from "./pages/page.ts";
import { areReady } from "./protocols/health-protocol.ts";
import { type CreateProtocols, listProtocols } from "./protocols/list-protocols.ts";
import { createListener } from "./protocols/listener.ts";
import { createReportError } from "./protocols/report-error.ts";
import { requireAdmission } from "./protocols/require-admission.ts";
import { type ServedPort, servePort } from "./protocols/serve-port.ts";
import { openUpstreams, type UpstreamOptions, type Upstreams } from "./upstream/open-upstreams.ts";
import { transportTo } from "./upstream/transport.ts";
import { watchUpstreams } from "./upstream/watch-upstreams.ts";

/** Largest message of an RPC, inflated, in bytes. */
const defaultMessageBytesMax = 4 * 1024 * 1024;

type EdgeOptions = UpstreamOptions & {
  host: string;
  port: number;
  /** Public pages by path; none by default. */
  pages?: Pages;
  /** Largest message of a request to an RPC, inflated, in bytes. */
  messageBytesMax?: number | undefined;
  /** Request headers that are passed on to upstreams, in lower case; none by default. */
  passedHeaders?: readonly string[];
  deadlines?: Deadlines;
  /** Default: `guarded`. */
  errorStyle?: ErrorStyle;
  /** Undefined for cleartext. */
  tls?: Tls | undefined;
  /** The folder of storage's files, if the edge can read it. */
  storageDirectory?: string | undefined;
  /** Max-age of Strict-Transport-Security, in seconds; undefined for no header. */
  hstsMaxAgeSeconds?: number | undefined;
  /** Responses that are composed of those of several methods; none by default. */
  compositions?: readonly CompositionSettings[];
  /** Memory for cached responses, in bytes; 0 or undefined for no cache. */
  responseCacheBytesMax?: number;
  /** Undefined to allow no other origin. */
  cors?: CorsSettings | undefined;
  meshPrivateKey: string;
  log: Logger;
  limits?: Limits;
  /** Undefined for no rate and concurrency limits. */
  admission?: Admission;
  /** APIs of other systems; all of them are served by the upstream `compat`. */
  compatApis?: readonly CompatApi[];
  /** Ports of the APIs that have their own. */
  compatPorts?: readonly CompatPort[];
  /** Makes protocols beside those of the edge; they are asked before REST. */
  createProtocols?: CreateProtocols;
  /** Proxies whose X-Forwarded-For is trusted; none by default. */
  trustedProxies?: TrustedProxies;
};

/** Serves contracts on one port, and APIs of other systems on theirs. The package of each names its upstream; `identity` must be one of them. */
export async function startEdge(options: EdgeOptions): Promise<EdgeServer> {
  const { host, port, log, tls, passedHeaders = [], compatApis = [] } = options;
  await using cleanup = new AsyncDisposableStack();
  const exposed = [...options.services, ...compatApis.flatMap((api) => api.services)];
  const upstreams = cleanup.use(openUpstreams({ ...options, services: exposed }));
  cleanup.use(watchUpstreams(upstreams.byName.values()));
  cleanup.use(addReadinessCheck("edge", () => areReady(upstreams.byName)));
  const signer = createSigner("edge", options.meshPrivateKey);
  const methods = exposed.flatMap((service) => service.methods);
  // The paths of an API that has ports of its own are there only.
  const shared = compatApis.filter(({ ports }) => !ports).flatMap((api) => api.services);
  const routes = [...options.services, ...shared].flatMap((service) => service.methods.flatMap(routesOf));
  checkCaching(methods);
  const dialects = compatApis.map(({ dialect }) => dialect);
  const dialectOf = createChooseDialect(dialects);
  const credentialHeaders = [...new Set([google, ...dialects].flatMap((one) => one.credentialHeaders))];
  const callerHeaders = [...credentialHeaders, ...delegationHeaders];
  const innerCalls = createInnerCalls({
    listener: () => listener,
    dialectOf,
    callerHeaders: [...callerHeaders, ...passedHeaders],
  });
  // The calls of a batch are those of its caller: none names another, although a method of another system's API reads it.
  const boundHeaders = boundHeadersOf(exposed).filter((name) => !callerHeaders.includes(name));
  const runBatch = createRunBatch(innerCalls, boundHeaders);
  const identity = transportTo(upstreams.named("identity"), [
    observeClient("edge", "identity", SpanKind.INTERNAL),
  ]);
  const authenticate = createAuthenticate({ identity, signer });
  const underWay = cleanup.use(createCallsUnderWay(authenticate));
  const admit = watchAdmitted(createAdmit(authenticate, options.admission), underWay);
  const services = createCallServices(options, { upstreams, signer, runBatch, admit });
  const folder = options.storageDirectory
    ? cleanup.use(createSharedFolder(options.storageDirectory))
    : undefined;
  const contentReads = folder && createContentReads(folder, confirmLeases(upstreams, signer));
  const protocols = listProtocols(services, {
    methods,
    routes,
    upstreams: upstreams.byName,
    pages: options.pages ?? new Map(),
    contentReads,
    createProtocols: (made) => [
      createCompositionProtocol(planCompositions(options.compositions ?? [], routes), {
        calls: innerCalls,
        deadlines: services.deadlines,
      }),
      ...(options.createProtocols?.(made) ?? []),
    ],
  });
  const corsHeaders = [...credentialHeaders, ...passedHeaders];
  const listenerOf = (parts: Pick<ServedPort, "dialectOf" | "protocols" | "routes">): Listener =>
    createListener({
      ...parts,
      trustedProxies: options.trustedProxies ?? [],
      toError: services.toError,
      cors: options.cors && createCors(options.cors, { routes: parts.routes, headers: corsHeaders }),
      hstsMaxAgeSeconds: options.hstsMaxAgeSeconds,
      log,
    });
  const listener = listenerOf({ protocols, dialectOf, routes });
  const served = (options.compatPorts ?? []).map((part) =>
    servePort(part, services, { upstreams: upstreams.byName, contentReads }),
  );
  const ports = served.map((one) => ({ ...one, listener: listenerOf(one) }));
  const limits = options.limits ?? standardLimits;
  const server = cleanup.use(
    await startServers({ host, log, tls, limits }, [{ port, listener, dialectOf }, ...ports]),
  );
  const owned = cleanup.move();
  return { ...server, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

type CallParts = { upstreams: Upstreams; signer: Signer; runBatch: RunBatch; admit: Admit };

function createCallServices(
  options: EdgeOptions,
  { upstreams, signer, runBatch, admit }: CallParts,
): CallServices {
  const { passedHeaders = [], responseCacheBytesMax: bytesMax = 0 } = options;
  const upstreamCalls = observeCalls(
    createCalls({ upstreamOf: upstreams.of, signer, passedHeaders }),
    (method) => upstreams.of(method).peer,
  );
  const calls = bytesMax > 0 ? cacheResponses(upstreamCalls, { bytesMax, passedHeaders }) : upstreamCalls;
  return requireAdmission({
    admit,
    forward: createForward(handleBatches(calls, runBatch)),
    deadlines: options.deadlines ?? defaultDeadlines,
    limits: options.limits ?? standardLimits,
    messageBytesMax: options.messageBytesMax ?? defaultMessageBytesMax,
    toError: createReportError(options.errorStyle ?? "guarded", options.log),
  });
}

const confirmLeases = (upstreams: Upstreams, signer: Signer): ConfirmLease =>
  createConfirmLease(confirmWithUpstream(() => upstreams.of(BlobService.method.confirmLeases), signer));
