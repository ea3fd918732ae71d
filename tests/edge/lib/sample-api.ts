import { create } from "@bufbuild/protobuf";
import type { CompatApi } from "../../../edge/dialects/compat-api.ts";
import { NoteSchema, NoteService } from "../../../gen/compat/sample/v1/notes_pb.ts";
import { EchoService } from "../../../gen/sluice/test/v1/echo_pb.ts";
import { startGrpcServer } from "../../../services/lib/mesh/grpc-server.ts";
import { createMeshClient, type MeshClient } from "../../../services/lib/mesh/mesh-client.ts";
import { guard } from "../../../services/lib/rpc/guard.ts";
import { createSigner, createVerifier } from "../../../services/lib/rpc/principal.ts";
import { meshKeys } from "../../lib/test-mesh.ts";
import { createEchoService, type Happenings } from "./echo-backend.ts";
import { sample } from "./sample-dialect.ts";
import { silent, startTestEdge, type TestEdge } from "./test-edge.ts";

/** The registration of a compat API. */
export const sampleApi: CompatApi = {
  system: "sample",
  title: "Sample notes",
  dialect: sample,
  services: [NoteService],
};

/** Handlers of a compat API: each calls a native RPC on behalf of its caller, and maps messages. */
const noteService = (echo: MeshClient<typeof EchoService>) =>
  guard(NoteService, {
    async writeNote({ note }) {
      const { request } = await echo.echo({ text: note?.noteText ?? "" });
      return { note: create(NoteSchema, { author: note?.author, noteText: request?.text ?? "" }) };
    },
    async failNote({ code, reason, message, unexpected }) {
      await echo.fail({ code, reason, message, unexpected });
      return {};
    },
    async awaitNote({ key }) {
      await echo.wait({ key });
      return {};
    },
    async *watchNotes({ upTo, failAfter }) {
      for await (const { number } of echo.count({ upTo, failAfter })) yield { number };
    },
  });

export type SampleEdge = Omit<TestEdge, "happenings"> & {
  /** Events in the native service behind the compat API. */
  readonly happenings: Happenings;
};

type Options = NonNullable<Parameters<typeof startTestEdge>[0]>;

/** A real edge in front of a compat API, whose handlers call the echo service over the mesh. */
export async function startSampleEdge(options: Options = {}): Promise<SampleEdge> {
  await using cleanup = new AsyncDisposableStack();
  const { service, happenings } = createEchoService();
  const serve = async (services: Parameters<typeof startGrpcServer>[0]["services"]) =>
    cleanup.use(
      await startGrpcServer({
        listen: "127.0.0.1:0",
        services,
        verifier: createVerifier(meshKeys.publicKeys),
        log: silent,
      }),
    );
  const native = await serve([service]);
  const signer = createSigner("staging", meshKeys.privateKeys.staging ?? "");
  const echo = cleanup.use(
    createMeshClient(EchoService, { peer: "test", address: native.address, signer, tls: undefined }),
  );
  const compat = await serve([noteService(echo)]);
  const edge = cleanup.use(
    await startTestEdge({
      compatApis: [sampleApi],
      ...options,
      upstreams: { compat: compat.address, ...options.upstreams },
    }),
  );
  const owned = cleanup.move();
  return { ...edge, happenings, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
