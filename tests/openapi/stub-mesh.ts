import { create, type DescMessage, type DescService, type Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { pino } from "pino";
import type { EdgeServer } from "../../edge/listen/server.ts";
import { createPages, type Description } from "../../edge/pages/pages.ts";
import { startEdge } from "../../edge/start-edge.ts";
import { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import { startGrpcServer } from "../../services/lib/mesh/grpc-server.ts";
import { type GuardedService, guard } from "../../services/lib/rpc/guard.ts";
import { permissions, roles } from "../../services/lib/rpc/permissions.ts";
import { createVerifier } from "../../services/lib/rpc/principal.ts";
import { meshKeys } from "../lib/test-mesh.ts";

const silent = pino({ level: "silent" });

/**
 * The edge in front of stub services behind their real guards, so that only requests that the contract's rules accept reach them.
 * Every credential is a platform administrator's, with every permission by name.
 */
export async function startStubMesh(
  services: readonly DescService[],
  description?: Description,
): Promise<EdgeServer> {
  await using cleanup = new AsyncDisposableStack();
  const backend = cleanup.use(
    await startGrpcServer({
      listen: "127.0.0.1:0",
      services: [createIdentity(), ...services.map(createStub)],
      verifier: createVerifier(meshKeys.publicKeys),
      log: silent,
    }),
  );
  const edge = cleanup.use(
    await startEdge({
      host: "127.0.0.1",
      port: 0,
      services,
      upstreams: { identity: backend.address },
      upstreamOf: () => "identity",
      pages: description ? createPages(async () => description) : createPages(),
      meshPrivateKey: meshKeys.privateKeys.edge ?? "",
      log: silent,
    }),
  );
  const owned = cleanup.move();
  return { ...edge, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function createIdentity(): GuardedService {
  return guard(PolicyService, {
    verifyCredential: () => ({
      orgId: "11111111-1111-7111-8111-111111111111",
      userId: "22222222-2222-7222-8222-222222222222",
      roles: [...roles],
      // No role has the permission to speak for others: a key has it by name.
      limit: { permissions: [...permissions] },
      expireTime: timestampFromMs(Date.now() + 60_000),
    }),
    resolveDelegate: () => ({}),
    resolveSecret: () => ({}),
    bindSecrets: () => ({}),
    checkNamespace: () => ({}),
    listUnboundOrgs: () => ({}),
    getPrincipal: () => ({}),
  });
}

/** Implements every method with a response in which every field is set. */
function createStub(service: DescService): GuardedService {
  const handlers = service.methods.map((method) => {
    const answer = () => filled(method.output, []);
    const read = async (requests: AsyncIterable<unknown>) => {
      for await (const _ of requests) {
        // The guard validates each message as it is read.
      }
    };
    const unary = () => answer();
    const collect = async (requests: AsyncIterable<unknown>) => {
      await read(requests);
      return answer();
    };
    async function* stream() {
      yield answer();
    }
    async function* bidi(requests: AsyncIterable<unknown>) {
      await read(requests);
      yield answer();
    }
    const kinds = { unary, client_streaming: collect, server_streaming: stream, bidi_streaming: bidi };
    return [method.localName, kinds[method.methodKind]] as const;
  });
  return guard(service, Object.fromEntries(handlers) as never);
}

/** A message with every field set and one item in each list. Recursive types are filled once. */
function filled(desc: DescMessage, within: readonly DescMessage[]): Message {
  const message = reflect(desc, create(desc));
  for (const field of desc.fields) {
    if (!field.message || isOpen(field.message) || within.includes(field.message)) continue;
    const inner = () => reflect(field.message, filled(field.message, [...within, desc]));
    if (field.fieldKind === "message") message.set(field, inner());
    if (field.fieldKind === "list") message.get(field).add(inner());
  }
  return message.message;
}

/** These can't be encoded as JSON without content, which their fields do not describe. */
const isOpen = ({ typeName }: DescMessage): boolean =>
  ["google.protobuf.Any", "google.protobuf.Value"].includes(typeName);
