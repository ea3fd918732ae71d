import {
  clone,
  create,
  type DescField,
  type DescMessage,
  type DescMethod,
  equals,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { FeatureSet_FieldPresence as FieldPresence } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BadRequestSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { createSigner, type Principal } from "../../services/lib/rpc/principal.ts";
import { fullName, serviceMethods } from "../lib/contracts.ts";
import { meshKeys } from "../lib/test-mesh.ts";
import { type Mesh, startMesh } from "./mesh.ts";
import { createOwner, subjects } from "./update-subjects.ts";

let mesh: Mesh;
let owner: Principal;
beforeAll(async () => {
  mesh = await startMesh();
  owner = await createOwner(mesh);
});
afterAll(() => mesh[Symbol.asyncDispose]());

const updates = (await serviceMethods()).filter(({ input }) =>
  input.fields.some(({ name }) => name === "update_mask"),
);

test("every update is here, and is called one", async () => {
  expect(updates.map(fullName).sort()).toEqual(Object.keys(subjects).sort());
  expect(updates.filter(({ name }) => !name.startsWith("Update"))).toEqual([]);
  expect((await serviceMethods()).filter(({ name }) => name.startsWith("Update"))).toEqual(updates);
});

type Request = { readonly resource: object; readonly paths?: readonly string[] };

/** One update RPC with a resource to change. */
async function sceneOf(method: DescMethod) {
  const subject = subjects[fullName(method)];
  const field = method.input.fields.find(({ message, name }) => message && name !== "update_mask");
  const current = await subject?.make(mesh, owner);
  const schema = field?.message;
  if (!subject || !schema || !current) throw new Error("no subject");
  const caller = subject.caller?.(owner, current) ?? owner;
  const signer = createSigner("edge", meshKeys.privateKeys.edge ?? "");
  const [key] = schema.fields;
  const keys = [key, ...(subject.keys ?? []).map((name) => fieldOf(schema, name))];
  const idOf = (message: Message) => Object.assign({}, ...keys.map((each) => pick(message, each)));
  return {
    schema,
    name: field.name,
    key: key?.name ?? "",
    keys: keys.map((each) => each?.name ?? ""),
    current,
    id: idOf(current),
    apart: subject.apart ?? [],
    changes: Object.entries(subject.changes(owner)).map(([name, value]) => ({
      name,
      given: only(schema, name, value),
    })),
    async update({ resource, paths }: Request): Promise<Message> {
      const request = { [field.localName]: resource, ...(paths && { updateMask: { paths } }) };
      const response = await mesh.call(
        method,
        create(method.input, request),
        await signer.assertionFor(caller),
      );
      return (response as unknown as Record<string, Message>)[field.localName] as Message;
    },
  };
}

const pick = (message: Message, field: DescField | undefined) => ({
  [field?.localName ?? ""]: readField(message, field),
});

const readField = (message: Message, field: DescField | undefined): unknown =>
  (message as unknown as Record<string, unknown>)[field?.localName ?? ""];

const fieldOf = (schema: DescMessage, name: string): DescField | undefined =>
  schema.fields.find((field) => field.name === name);

const only = (schema: DescMessage, name: string, value: unknown) => ({
  [fieldOf(schema, name)?.localName ?? ""]: value,
});

async function refusalOf(call: Promise<unknown>) {
  const error = await call.then(
    () => new ConnectError("the call succeeded"),
    (reason: unknown) => ConnectError.from(reason),
  );
  const violations = error.findDetails(BadRequestSchema).flatMap(({ fieldViolations }) => fieldViolations);
  return { code: error.code, fields: violations.map(({ field }) => field), text: error.rawMessage };
}

const named = updates.map((method) => [fullName(method), method] as const);

test.each(named)("OK: %s changes each field that is present, and no other", async (_name, method) => {
  const { schema, current, id, changes, update } = await sceneOf(method);
  let before = current;
  for (const { name, given } of changes) {
    const after = await update({ resource: { ...id, ...given } });
    const changed = schema.fields
      .filter((field) => !isSame(schema, field, before, after))
      .map((field) => field.name);
    expect(changed.filter((each) => !["update_time", "etag"].includes(each))).toEqual([name]);
    before = after;
  }
});

test.each(named)(
  "OK: %s takes the whole resource back, and with `*` every field that can be changed",
  async (_name, method) => {
    const { schema, current, changes, update } = await sceneOf(method);
    const same = await update({ resource: current });
    const given = clone(schema, same);
    for (const change of changes)
      Object.assign(given, pick(create(schema, change.given), fieldOf(schema, change.name)));
    const after = await update({ resource: given, paths: ["*"] });
    for (const { name } of changes) {
      expect(isSame(schema, fieldOf(schema, name), after, same), name).toBe(false);
    }
  },
);

test.each(named)("InvalidArgument: %s with nothing to change", async (_name, method) => {
  const { id, name, changes, update } = await sceneOf(method);
  const refusal = await refusalOf(update({ resource: id }));
  expect(refusal).toMatchObject({ code: Code.InvalidArgument, fields: [name] });
  for (const change of changes) expect(refusal.text).toContain(change.name);
});

test.each(named)(
  "InvalidArgument: %s with a path that is unknown, or of a field that can't be changed",
  async (_name, method) => {
    const { schema, id, key, changes, apart, update } = await sceneOf(method);
    const writable = [...changes.map((change) => change.name), ...apart];
    const others = schema.fields.map(({ name }) => name).filter((name) => !writable.includes(name));
    for (const path of [...others, "no_such_field", `${key}.x`, "", "displayName", "*.x"]) {
      const { code, fields, text } = await refusalOf(update({ resource: id, paths: [...writable, path] }));
      expect([code, fields]).toEqual([Code.InvalidArgument, ["update_mask"]]);
      expect(text).toContain(`update_mask: ${path} `);
    }
  },
);

test.each(named)(
  "InvalidArgument: %s with another value of a field that can't be changed",
  async (_name, method) => {
    const { schema, name, keys, current, id, changes, apart, update } = await sceneOf(method);
    const writable = [...changes.map((change) => change.name), ...apart];
    const others = schema.fields.filter((field) => ![...writable, ...keys, "etag"].includes(field.name));
    for (const field of others) {
      const value = anotherValue(field);
      if (value === undefined) continue;
      const given = { ...id, ...changes[0]?.given, [field.localName]: value };
      const { code, fields } = await refusalOf(update({ resource: given }));
      expect([field.name, code, fields]).toEqual([
        field.name,
        Code.InvalidArgument,
        [`${name}.${field.name}`],
      ]);
    }
    const unchanged = await update({ resource: current });
    expect(writable.filter((path) => !isSame(schema, fieldOf(schema, path), current, unchanged))).toEqual([]);
  },
);

/** A valid value that no resource has; undefined for messages and lists other than times. */
function anotherValue(field: DescField): unknown {
  if (field.message?.typeName === "google.protobuf.Timestamp") return { seconds: 1n };
  if (field.fieldKind === "enum") return field.enum.values.at(-1)?.number;
  if (field.fieldKind !== "scalar") return undefined;
  if (/_id$/.test(field.name)) return crypto.randomUUID();
  if (field.scalar === ScalarType.BOOL) return false;
  if (field.scalar === ScalarType.INT32) return 77;
  if (field.name === "email") return "another@example.org";
  return typeof field.scalar === "number" && field.longAsString === false ? 77n : "another";
}

test.each(named)(
  "%s can tell whether a field is present that it sets to its default",
  async (_name, method) => {
    const { schema, id, changes, update } = await sceneOf(method);
    for (const { name } of changes) {
      const field = fieldOf(schema, name);
      if (field?.fieldKind !== "scalar" || field.presence === FieldPresence.EXPLICIT) continue;
      const refusal = await refusalOf(update({ resource: id, paths: [name] }));
      expect(refusal, name).toMatchObject({
        code: Code.InvalidArgument,
        text: expect.stringContaining("is required"),
      });
    }
  },
);

function isSame(schema: DescMessage, field: DescField | undefined, one: Message, other: Message): boolean {
  const cut = (message: Message) => {
    const copy: ReflectMessage = reflect(schema, clone(schema, message));
    for (const each of schema.fields) if (each !== field) copy.clear(each);
    return copy.message;
  };
  return equals(schema, cut(one), cut(other));
}
