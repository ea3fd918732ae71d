import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exposedServices } from "../../edge/contracts.ts";
import type { EdgeServer } from "../../edge/listen/server.ts";
import { readContract } from "../../edge/method/description.ts";
import { OddService } from "../../gen/sluice/test/odd/v1/odd_pb.ts";
import { EchoService } from "../../gen/sluice/test/v1/echo_pb.ts";
import { buildDescriptors } from "../../tools/openapi/build-descriptors.ts";
import { createDocument, type OpenApi } from "../../tools/openapi/document.ts";
import { callOf, type Described, operationsIn, successOf } from "./call.ts";
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

/** Validates JSON against the schema at a path of the document. */
function checkerOf(document: OpenApi) {
  // Formats are checked by the public validator where there are examples; int64 and others are OpenAPI's, not JSON Schema's.
  const ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema(document, "openapi");
  const validators = new Map<string, ReturnType<typeof ajv.compile>>();
  return (pointer: string, json: unknown) => {
    const validate = validators.get(pointer) ?? ajv.compile({ $ref: `openapi#${pointer}` });
    validators.set(pointer, validate);
    return validate(json) ? [] : validate.errors;
  };
}

function answerPointer({ path, key, operation }: Described, type: string): string {
  const status = String(successOf({ operation }));
  return `/${["paths", path, key, "responses", status, "content", type, "schema"].map(toPointerPart).join("/")}`;
}

const toPointerPart = (part: string): string =>
  encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));
