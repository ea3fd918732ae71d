import { once } from "node:events";
import { connect } from "node:http2";
import { pino } from "pino";
import { expect, test } from "vitest";
import { startGrpcServer } from "../../services/lib/mesh/grpc-server.ts";
import { createVerifier } from "../../services/lib/rpc/principal.ts";
import { createEchoService } from "../edge/lib/echo-backend.ts";
import { meshKeys } from "./test-mesh.ts";

test("OK: callers may send megabytes ahead, in a stream and in all streams of a connection", async () => {
  await using server = await startGrpcServer({
    listen: "127.0.0.1:0",
    services: [createEchoService().service],
    verifier: createVerifier(meshKeys.publicKeys),
    log: pino({ level: "silent" }),
  });
  const session = connect(`http://${server.address}`);
  const [settings] = await once(session, "remoteSettings");
  expect(settings.initialWindowSize).toBe(4 * 1024 * 1024);
  await expect.poll(() => session.state.remoteWindowSize).toBe(32 * 1024 * 1024);
  session.destroy();
});
