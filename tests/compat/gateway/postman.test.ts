import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { createCollection } from "../../../tools/postman/collection.ts";
import { recipes } from "../../../tools/postman/recipes.ts";
import { http1 } from "../../edge/lib/raw-http.ts";
import { forFile } from "../../lib/for-file.ts";
import { password, startCompatMesh } from "../mesh.ts";

const folder = join(import.meta.dirname, "../../../gen/compat/gateway");
const read = (name: string) => JSON.parse(readFileSync(join(folder, name), "utf8"));
const collection: ReturnType<typeof createCollection> = read("postman.json");

test("OK: the committed collection is what the contract says, and has a request for each operation", () => {
  const recipe = recipes.gateway;
  if (!recipe) throw new Error("no recipe");
  const document = read("openapi.json");
  expect(collection).toEqual(createCollection(document, recipe));
  const described = Object.values<Record<string, { operationId: string }>>(document.paths).flatMap((item) =>
    Object.values(item).map(({ operationId }) => operationId),
  );
  expect(recipe.steps.map(({ operation }) => operation).sort()).toEqual(described.sort());
});

const mesh = forFile(() => startCompatMesh());

/** Variables of the collection, and Postman's own for a random id. */
const fill = (text: string, variables: ReadonlyMap<string, string>): string =>
  text.replaceAll(/\{\{([^}]+)\}\}/g, (_, name: string) => {
    if (name === "$guid") return randomUUID();
    const value = variables.get(name);
    if (value === undefined) throw new Error(`no variable ${name}`);
    return value;
  });

type Item = (typeof collection.item)[number];

/** Sends the request of an item as Postman does. */
async function send({ request }: Item, variables: ReadonlyMap<string, string>) {
  const url = new URL(fill(request.url.raw, variables));
  const [bearer] = request.auth.bearer ?? [];
  const headers = {
    ...Object.fromEntries(request.header.map(({ key, value }) => [key, fill(value, variables)])),
    ...(bearer && { authorization: `Bearer ${fill(bearer.value, variables)}` }),
  };
  const body = request.body && fill(request.body.raw, variables);
  return http1(Number(url.port), url.pathname + url.search, {
    method: request.method,
    headers: { ...headers, ...(body && { "content-length": String(Buffer.byteLength(body)) }) },
    ...(body && { body }),
  });
}

/** Runs the test script of an item with the part of Postman's interface that the collection uses. */
function runScript(
  { event }: Item,
  answer: Awaited<ReturnType<typeof send>>,
  variables: Map<string, string>,
) {
  const titles: string[] = [];
  const pm = {
    test(title: string, run: () => void) {
      titles.push(title);
      run();
    },
    response: {
      json: () => JSON.parse(answer.body),
      to: { have: { status: (status: number) => expect(answer.status, answer.body).toBe(status) } },
    },
    collectionVariables: { set: (name: string, value: string) => variables.set(name, value) },
  };
  for (const { script } of event) runInNewContext(script.exec.join("\n"), { pm });
  return titles;
}

test("OK: the collection runs from its first request to its last, with a password and an address alone", async () => {
  const variables = new Map(collection.variable.map(({ key, value }) => [key, value]));
  variables.set("base_url", mesh().url);
  variables.set("password", password);
  expect(collection.info.schema).toContain("/v2.1.0/");
  for (const item of collection.item) {
    const answer = await send(item, variables);
    expect(runScript(item, answer, variables), item.name).toHaveLength(1);
  }
  expect(variables.get("user_id")).toMatch(/^[\da-f-]{36}$/);
});
