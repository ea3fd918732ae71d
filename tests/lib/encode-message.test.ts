import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { UnaryResponseDefinitionSchema } from "../../gen/connectrpc/conformance/v1/service_pb.ts";
import { HttpBodySchema } from "../../gen/google/api/httpbody_pb.ts";
import { HttpHeadSchema } from "../../gen/sluice/common/v1/options_pb.ts";
import { UploadFileRequestSchema } from "../../gen/sluice/storage/v1/files_pb.ts";
import { encodeInParts, encodeMessage } from "../../services/lib/mesh/encode-message.ts";

const large = new Uint8Array(5000).fill(7);

const head = anyPack(HttpHeadSchema, create(HttpHeadSchema, { status: 206, headers: { etag: '"a"' } }));

/** Plain bytes. Otherwise fields would be Buffers, which are not equal to Uint8Arrays. */
function roundTrip<D extends DescMessage>(schema: D, message: MessageShape<D>): MessageShape<D> {
  const encoded = encodeMessage(schema, message);
  expect(encoded.length).toBe(toBinary(schema, message).length);
  return fromBinary(schema, new Uint8Array(encoded));
}

const bodies = {
  empty: create(HttpBodySchema),
  "few bytes": create(HttpBodySchema, { contentType: "text/plain", data: new Uint8Array([1, 2]) }),
  "many bytes between other fields": create(HttpBodySchema, {
    contentType: "text/plain",
    data: large,
    extensions: [head],
  }),
};

for (const [name, message] of Object.entries(bodies)) {
  test(`OK: what is encoded is what it was: ${name}`, () => {
    const before = structuredClone(message);
    expect(roundTrip(HttpBodySchema, message)).toEqual(message);
    expect(message).toEqual(before);
  });
}

test("OK: many bytes as a member of a oneof", () => {
  const message = create(UploadFileRequestSchema, { part: { case: "chunk", value: large } });
  expect(roundTrip(UploadFileRequestSchema, message)).toEqual(message);
  expect(message.part.case).toBe("chunk");
});

test("OK: another member of that oneof", () => {
  const message = create(UploadFileRequestSchema, { part: { case: "header", value: { name: "a" } } });
  expect(encodeMessage(UploadFileRequestSchema, message)).toEqual(
    Buffer.from(toBinary(UploadFileRequestSchema, message)),
  );
});

test("OK: fields that the contract does not know stay", () => {
  const newer = create(UnaryResponseDefinitionSchema, {
    response: { case: "responseData", value: large },
    responseDelayMs: 5,
  });
  const bytes = toBinary(UnaryResponseDefinitionSchema, newer);
  const older = fromBinary(HttpBodySchema, bytes);
  const again = roundTrip(HttpBodySchema, older);
  expect(fromBinary(UnaryResponseDefinitionSchema, toBinary(HttpBodySchema, again))).toEqual(newer);
});

test("OK: the bytes of a message are its second part, not a copy", () => {
  const [, bytes] = encodeInParts(HttpBodySchema, bodies["many bytes between other fields"]);
  expect(bytes).toBe(large);
});
