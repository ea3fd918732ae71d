import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exposedServices } from "../../edge/contracts.ts";
import type { EdgeServer } from "../../edge/listen/server.ts";
import { readContract } from "../../edge/method/description.ts";
import { OddService } from "../../gen/sluice/test/odd/v1/odd_pb.ts";
import { EchoService } from "../../gen/sluice/test/v1/echo_pb.ts";
import { buildDescriptors } from "../../tools/openapi/build-descriptors.ts";
import { createDocument } from "../../tools/openapi/document.ts";
import { callOf, operationsIn, successOf } from "./call.ts";
import { answerPointer, checkerOf } from "./check-schema.ts";
import { startStubMesh } from "./stub-mesh.ts";

const contracts = [
  { name: "Sluice's own contracts", services: exposedServices },
  { name: "a contract with every oddity", services: [OddService, EchoService] },
];

describe.each(contracts)("the document of $name", ({ services }) => {
  const document = createDocument(readContract(buildDescriptors(services)), "1.2.3");
  const operations = operationsIn(document).map((one) => [one.operation.operationId, one] as const);
  const problemsIn = checkerOf(document);
  let edge: EdgeServer;
  beforeAll(async () => {
    edge = await startStubMesh(services);
  });
  afterAll(() => edge[Symbol.asyncDispose]());

  test.each(operations)("OK: %s takes its example and answers as described", async (_id, described) => {
    const response = await fetch(...callOf(edge.address, described));
    const body = await response.text();
    expect([response.status, response.ok ? "" : body]).toEqual([successOf(described), ""]);
    const type = response.headers.get("content-type") ?? "*/*";
    if (type !== "application/json") return;
    expect(problemsIn(answerPointer(described, type), JSON.parse(body))).toEqual([]);
  });

  test.each(operations.filter(([, { operation }]) => operation.security.length > 0))(
    "401: %s without a credential, in the words of its document",
    async (_id, described) => {
      const [url, init] = callOf(edge.address, described);
      const response = await fetch(url, { ...init, headers: { ...init.headers, authorization: "" } });
      expect(response.status).toBe(401);
      expect(problemsIn("/components/schemas/Error", await response.json())).toEqual([]);
    },
  );
});
