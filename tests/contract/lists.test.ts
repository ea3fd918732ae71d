import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { create, type DescMethod, getOption, ScalarType, toJsonString } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { access } from "../../gen/sluice/common/v1/options_pb.ts";
import { createSigner } from "../../services/lib/rpc/principal.ts";
import { fullName, serviceMethods } from "../lib/contracts.ts";
import { failureOf } from "../lib/failure-of.ts";
import { listScenes } from "../lib/list-scenes.ts";
import { meshKeys, principal } from "../lib/test-mesh.ts";
import { type Mesh, startMesh } from "./mesh.ts";

/** Lists without pages, and why. */
const exempt: Readonly<Record<string, string>> = {
  "sluice.orchestration.v1.ConnectorService.ListConnectors":
    "the connectors of the program, of which there are few",
  "sluice.identity.v1.AuthService.ListIssuers":
    "the issuers of the installation's file, of which there are few",
  "sluice.identity.v1.AuditService.ListAuditEvents":
    "events of two services in one order, with fields of its own for what both can find",
  "sluice.approval.v1.AuditService.ListOrgEvents": "approval's part of that list, for identity alone",
  "sluice.storage.v1.AuditService.ListOrgEvents": "storage's part of that list, for identity alone",
  "sluice.storage.v1.ScrubService.ListScrubs": "the last hundred scrubs of the installation",
  "sluice.identity.v1.PolicyService.ListUnboundOrgs": "work that is left to do, for orchestration alone",
};
/** Lists in an order of their own. */
const inOrder: Readonly<Record<string, string>> = {
  "sluice.staging.v1.StagingService.ListChunks": "the rows of a table are in the order of its chunks",
};

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh();
});
afterAll(() => mesh[Symbol.asyncDispose]());

const all = (await serviceMethods()).filter(({ name }) => name.startsWith("List"));
const lists = all.filter((method) => !(fullName(method) in exempt));
const named = lists.map((method) => [fullName(method), method] as const);

test("every list is here, and every exception is a list", () => {
  const names = all.map(fullName);
  expect(names).toEqual(expect.arrayContaining([...Object.keys(exempt), ...Object.keys(inOrder)]));
  expect(Object.keys(listScenes).sort()).toEqual(lists.map(fullName).sort());
});

test.each(named)("%s has the fields of a list", (_name, { input, output }) => {
  const typesOf = (fields: DescMethod["input"]["fields"], names: readonly string[]) =>
    names.map((name) => fields.find((field) => field.name === name)?.scalar);
  const { STRING, INT32, BOOL } = ScalarType;
  const ofRequest = ["page_size", "page_token", "order_by", "filter", "show_total"];
  expect(typesOf(input.fields, ofRequest)).toEqual([INT32, STRING, STRING, STRING, BOOL]);
  const ofResponse = ["next_page_token", "total_size", "total_size_exceeded"];
  expect(typesOf(output.fields, ofResponse)).toEqual([STRING, INT32, BOOL]);
});

type Scene = ReturnType<typeof sceneOf>;

/** An organisation of its own with rows of the list. */
function sceneOf(method: DescMethod) {
  const scene = listScenes[fullName(method)];
  if (!scene) throw new Error(`tests/lib/list-scenes.ts has no ${fullName(method)}`);
  const parentId = randomUUID();
  const who = principal({ roles: ["platform-admin", "admin"], ...scene.caller?.(parentId) });
  const run = async (statements: readonly string[], ...rows: number[]) => {
    for (const each of statements) await mesh.database.sql.unsafe(each, [who.orgId, parentId, ...rows]);
  };
  return {
    setUp: () => run(scene.setup ?? []),
    insert: (from: number, to: number) => run(scene.rows, from, to),
    list: async (request: object) => {
      const kind = getOption(method, access).kind;
      const process = (kind.case === "internal" && kind.value.callers[0]) || "edge";
      const assertion = await createSigner(process, meshKeys.privateKeys[process] ?? "").assertionFor(who);
      const given = { ...scene.request?.(parentId), ...request };
      return rowsOf(method, await mesh.call(method, create(method.input, given), assertion));
    },
  };
}

/** The response in names that every list has. Rows differ by the whole of them: an id may have several fields. */
function rowsOf({ output }: DescMethod, message: Parameters<typeof reflect>[1] & object) {
  const response = reflect(output, message as never);
  const field = output.fields.find(({ fieldKind }) => fieldKind === "list");
  const rows =
    (message as unknown as Record<string, Record<string, unknown>[]>)[field?.localName ?? ""] ?? [];
  const read = (name: string) => response.get(response.fields.find((each) => each.name === name) as never);
  return {
    ids: rows.map((row) => (field?.message ? toJsonString(field.message, row as never) : "")),
    times: rows.map(({ createTime }) => timestampMs(createTime as Timestamp)),
    nextPageToken: String(read("next_page_token")),
    total: [read("total_size"), read("total_size_exceeded")],
  };
}

/** Pages of three, until the last. Before the second page a row is added. */
async function walk({ list, insert }: Scene) {
  const first = await list({ pageSize: 3 });
  await insert(8, 8);
  const pages = [first];
  for (let token = first.nextPageToken; token !== ""; token = pages.at(-1)?.nextPageToken ?? "") {
    pages.push(await list({ pageSize: 3, pageToken: token }));
  }
  return { ids: pages.flatMap(({ ids }) => ids), times: pages.flatMap(({ times }) => times) };
}

test.each(named)(
  "OK: %s walks its pages, newest first, while rows are added, and counts them",
  async (name, method) => {
    const scene = sceneOf(method);
    await scene.setUp();
    await scene.insert(1, 7);
    const { ids, times } = await walk(scene);
    // What is added at the end of a list in its own order is on its last page.
    const expected = name in inOrder ? 8 : 7;
    expect([ids.length, new Set(ids).size]).toEqual([expected, expected]);
    const sorted = times.toSorted((one, other) => one - other);
    expect(times).toEqual(name in inOrder ? sorted : sorted.toReversed());
    expect((await scene.list({ pageSize: 1, showTotal: true })).total).toEqual([8, false]);
  },
);

const openapi: { paths: Record<string, Record<string, { operationId?: string; parameters?: Parameter[] }>> } =
  JSON.parse(readFileSync("gen/openapi.json", "utf8"));
type Parameter = { readonly name: string; readonly description: string };

/** The fields that the contract's comment on a parameter names. */
function documented(method: DescMethod, parameter: string): string[] {
  const operations = Object.values(openapi.paths).flatMap((path) => Object.values(path));
  const found = operations.find(({ operationId }) => operationId === fullName(method));
  const text = found?.parameters?.find(({ name }) => name === parameter)?.description ?? "";
  const [, fields = ""] = /Fields: (.*?)\.(?: |$)/.exec(text) ?? [];
  return [...fields.matchAll(/`(\w+)`/g)].map(([, field]) => field ?? "");
}

test.each(named)(
  "InvalidArgument: %s with a field that it has not, in words that name all it has",
  async (_name, method) => {
    const scene = sceneOf(method);
    await scene.setUp();
    await scene.insert(1, 1);
    for (const [request, parameter, field] of [
      [{ filter: "sluice = 1" }, "filter", "filter"],
      [{ orderBy: "sluice" }, "orderBy", "order_by"],
    ] as const) {
      const failure = await scene.list(request).catch((error: unknown) => ConnectError.from(error));
      expect(await failureOf(Promise.reject(failure))).toEqual({
        code: "InvalidArgument",
        reason: "FILTER_INVALID",
        metadata: { field, position: "1" },
        fields: [field],
      });
      const [, known = ""] = /not one of (.*), at/.exec(String(failure)) ?? [];
      expect(known.split(", ")).toEqual(documented(method, parameter));
    }
  },
);

test.each(named)(
  "InvalidArgument: %s with the page token of another filter or order",
  async (_name, method) => {
    const scene = sceneOf(method);
    await scene.setUp();
    await scene.insert(1, 3);
    const { nextPageToken: pageToken } = await scene.list({ pageSize: 1 });
    expect(pageToken).not.toBe("");
    const [order = ""] = documented(method, "orderBy");
    const [field = ""] = documented(method, "filter").filter((each) => each === "create_time");
    for (const request of [{ filter: `${field} > 2000-01-01T00:00:00Z` }, { orderBy: `${order} asc` }]) {
      expect(await failureOf(scene.list({ ...request, pageToken }))).toMatchObject({
        code: "InvalidArgument",
        reason: "PAGE_TOKEN_INVALID",
      });
    }
  },
);
