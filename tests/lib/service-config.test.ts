import { Code, createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ResilienceService } from "../../gen/sluice/test/v1/resilience_pb.ts";
import { createGrpcTransport } from "../../services/lib/mesh/grpc-transport.ts";
import { startBackend } from "../edge/lib/resilience.ts";

test("Unavailable: between services, what has no side effects is tried four times, and anything else once", async () => {
  await using backend = await startBackend("a");
  await backend.set("failing");
  using transport = createGrpcTransport({
    peer: "a",
    address: backend.address,
    services: [ResilienceService],
  });
  const client = createClient(ResilienceService, transport);
  await expect(client.read({ key: "r" })).rejects.toMatchObject({ code: Code.Unavailable });
  await expect(client.write({ key: "w" })).rejects.toMatchObject({ code: Code.Unavailable });
  expect(backend.begun()).toMatchObject([
    { method: "Read", key: "r", triesBefore: 0 },
    { method: "Read", key: "r", triesBefore: 1 },
    { method: "Read", key: "r", triesBefore: 2 },
    { method: "Read", key: "r", triesBefore: 3 },
    { method: "Write", key: "w", triesBefore: 0 },
  ]);
});
