import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { exposedServices } from "../../edge/contracts.ts";
import { accessOf } from "../../edge/method/access.ts";
import { readContract } from "../../edge/method/description.ts";
import { routesOf } from "../../edge/method/routes-of.ts";
import { readDescription } from "../../edge/pages/pages.ts";
import { findAlternatives } from "../../edge/rest/negotiate.ts";
import { buildDescriptors } from "../../tools/openapi/build-descriptors.ts";
import { createDocument } from "../../tools/openapi/document.ts";
import { allMethods, fullName } from "../lib/contracts.ts";
import { httpMethodOf, operationsIn } from "./call.ts";
import { problemsOf } from "./lint.ts";

const root = new URL("../../", import.meta.url);
const { descriptors, openApiJson, openApiYaml } = await readDescription();
const contract = readContract(descriptors);
const { version } = JSON.parse(await readFile(new URL("package.json", root), "utf8"));
const document = createDocument(contract, version);
const operations = operationsIn(document);

test("OK: a public validator finds nothing wrong with the document", async () => {
  expect(await problemsOf(document)).toEqual([]);
});

test("what is committed is what the contracts say", () => {
  expect(Buffer.compare(descriptors, buildDescriptors(exposedServices))).toBe(0);
  expect(JSON.parse(openApiJson)).toEqual(JSON.parse(JSON.stringify(document)));
  expect(parse(openApiYaml)).toEqual(JSON.parse(openApiJson));
});

test("the document has an operation for each route, and no other", () => {
  const described = operations.map((one) => `${httpMethodOf(one)} ${one.operation.operationId}`);
  const bindings = exposedServices.map(({ methods }) => methods.map(routesOf)).flat(2);
  const shared = new Set(findAlternatives(bindings).values());
  // Ids are unique: further bindings of a method have their number.
  const counts = new Map<string, number>();
  const routes = bindings.flatMap((route) => {
    const { httpMethod, name } = route;
    const number = (counts.get(name) ?? 0) + 1;
    counts.set(name, number);
    return shared.has(route) ? [] : [`${httpMethod} ${number === 1 ? name : `${name}.${number}`}`];
  });
  expect(described.sort()).toEqual(routes.sort());
});

test("paths, operations and what they need are those of the golden file", async () => {
  const lines = operations.map((one) => {
    const { operationId, parameters = [], requestBody, responses, security } = one.operation;
    const names = parameters.map(({ in: place, name }) => `${place}:${name}`).join(" ");
    const bodies = Object.keys(requestBody?.content ?? {}).join(" ");
    const permission = Object.values(security[0] ?? { public: ["public"] }).flat()[0] ?? "credential";
    return [
      `${httpMethodOf(one)} ${one.path} (${permission})`,
      `  ${operationId}`,
      ...(names && [`  parameters ${names}`]),
      ...(bodies && [`  takes ${bodies}`]),
      `  answers ${Object.keys(responses).join(" ")}`,
    ].join("\n");
  });
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("paths.golden.txt");
});

test("every operation says what it does, in words of its own", () => {
  const silent = operations.filter(({ operation }) => !operation.description || !operation.summary);
  expect(silent.map(({ operation }) => operation.operationId)).toEqual([]);
});

test("the descriptor set holds what outsiders may call, and nothing else", async () => {
  const described = contract.services.flatMap(({ methods }) => methods).map(fullName);
  const callable = (await allMethods()).filter((method) => accessOf(method) !== "internal").map(fullName);
  expect(described.sort()).toEqual(callable.sort());
  const text = Buffer.from(descriptors).toString("latin1");
  const internal = (await allMethods()).filter((method) => accessOf(method) === "internal");
  const leaked = internal.map(({ input }) => input.name).filter((name) => text.includes(name));
  expect(internal.length).toBeGreaterThan(0);
  expect(leaked).toEqual([]);
});

test("the validator finds what is wrong with a document", async () => {
  const [path = ""] = Object.keys(document.paths).filter((one) => one.includes("{"));
  const [item] = Object.values(document.paths);
  const broken = { ...document, paths: { [`${path}/{unknown}`]: item }, info: {} };
  expect(await problemsOf(broken)).not.toEqual([]);
});
