import type { DescService } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { pino } from "pino";
import type { Admission } from "../../../edge/admission/admit.ts";
import type { TrustedProxies } from "../../../edge/http/client-address.ts";
import { type Limits, standardLimits } from "../../../edge/http/limits.ts";
import { startEdge } from "../../../edge/start-edge.ts";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { PolicyService } from "../../../gen/sluice/identity/v1/policy_pb.ts";
import { EchoService } from "../../../gen/sluice/test/v1/echo_pb.ts";
import { startGrpcServer } from "../../../services/lib/mesh/grpc-server.ts";
import { failure } from "../../../services/lib/rpc/errors.ts";
import { type GuardedService, guard } from "../../../services/lib/rpc/guard.ts";
import { createVerifier } from "../../../services/lib/rpc/principal.ts";
import { meshKeys } from "../../lib/test-mesh.ts";
import { createEchoService, type Happenings } from "./echo-backend.ts";

export const orgId = "11111111-1111-7111-8111-111111111111";
export const userId = "22222222-2222-7222-8222-222222222222";
/** Credentials that the test identity service accepts. */
const token = "good-token";
export const apiKey = "good-key";
export const bearer = { authorization: `Bearer ${token}` };

export const silent = pino({ level: "silent" });

/** An access token or API key of any user in any organisation; `user/role` has another role than editor. */
export const tokenOf = (org: string, user: string) => ({ authorization: `Bearer of/${org}/${user}` });
export const apiKeyOf = (org: string, key: string) => ({ "x-api-key": `of/${org}/${key}` });

/** An identity service that accepts two credentials of one editor and those of `tokenOf`, which name their user. */
function createIdentity(onVerify: () => void): GuardedService {
  return guard(PolicyService, {
    verifyCredential: ({ credential }) => {
      onVerify();
      const [kind, org, name = "", role = "editor"] = credential.value?.split("/") ?? [];
      if (kind === "of" && org) {
        const isKey = credential.case === "apiKey";
        return { orgId: org, userId: isKey ? "owner" : name, apiKeyId: isKey ? name : "", roles: [role] };
      }
      if (credential.value !== token && credential.value !== apiKey) {
        throw failure(Code.Unauthenticated, ErrorReason.CREDENTIAL_INVALID, "not known");
      }
      const apiKeyId = credential.case === "apiKey" ? "33333333-3333-7333-8333-333333333333" : "";
      const expireTime = timestampFromMs(Date.now() + 60_000);
      return { orgId, userId, apiKeyId, roles: ["editor"], expireTime };
    },
    resolveDelegate: () => ({}),
    resolveSecret: () => ({}),
    bindSecrets: () => ({}),
    checkNamespace: () => ({}),
    listUnboundOrgs: () => ({}),
    getPrincipal: () => ({}),
  });
}

type EdgeOptions = Parameters<typeof startEdge>[0];

export type TestEdge = AsyncDisposable & {
  readonly url: string;
  readonly port: number;
  readonly happenings: Happenings;
  /** Address of the backend and of identity. */
  readonly upstreams: Readonly<Record<"identity" | "test", string>>;
  /** Number of calls to identity so far. */
  verifications(): number;
  /** Lines of the edge's log, parsed. */
  readonly log: Record<string, unknown>[];
  /** Stops the backend and identity. */
  stopBackend(): Promise<void>;
  stopIdentity(): Promise<void>;
};

/** Starts an edge in front of a backend of the test contract and a test identity service. */
export async function startTestEdge({
  limits = {},
  admission,
  trustedProxies = [],
  services = [],
  upstreams = {},
  guarded = [],
  ...rest
}: {
  limits?: Partial<Limits>;
  admission?: Admission;
  trustedProxies?: TrustedProxies;
  services?: readonly DescService[];
  upstreams?: Readonly<Record<string, string>>;
  /** Services of the backend beside the echo service. */
  guarded?: readonly GuardedService[];
} & Omit<Partial<EdgeOptions>, "limits" | "services" | "upstreams"> = {}): Promise<TestEdge> {
  await using cleanup = new AsyncDisposableStack();
  const { service, happenings } = createEchoService();
  let verifications = 0;
  const identityService = createIdentity(() => {
    verifications += 1;
  });
  const serve = (services: GuardedService[]) =>
    startGrpcServer({
      listen: "127.0.0.1:0",
      services,
      verifier: createVerifier(meshKeys.publicKeys),
      log: silent,
    });
  const backend = cleanup.use(stoppable(await serve([service, ...guarded])));
  const identity = cleanup.use(stoppable(await serve([identityService])));
  const lines: Record<string, unknown>[] = [];
  const edge = cleanup.use(
    await startEdge({
      host: "127.0.0.1",
      port: 0,
      services: [EchoService, ...guarded.map((one) => one.service), ...services],
      upstreams: { identity: identity.address, test: backend.address, ...upstreams },
      meshPrivateKey: meshKeys.privateKeys.edge ?? "",
      ...rest,
      limits: { ...standardLimits, ...limits },
      ...(admission && { admission }),
      trustedProxies,
      log: pino({ level: "info" }, { write: (line) => lines.push(JSON.parse(line)) }),
    }),
  );
  const owned = cleanup.move();
  return {
    url: edge.address,
    port: Number(new URL(edge.address).port),
    upstreams: { identity: identity.address, test: backend.address },
    happenings,
    verifications: () => verifications,
    log: lines,
    stopBackend: backend.stop,
    stopIdentity: identity.stop,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function stoppable(server: AsyncDisposable & { address: string }) {
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= Promise.resolve(server[Symbol.asyncDispose]());
    return stopped;
  };
  return { address: server.address, stop, [Symbol.asyncDispose]: stop };
}
