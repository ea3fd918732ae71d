import {
  type DescField,
  type DescMessage,
  type MessageShape,
  ScalarType,
  toBinary,
} from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** Smallest field that is worth a separate part, in bytes. */
const largeBytesMin = 4 * 1024;

/** Encodes a message and copies a large `bytes` field only once. */
export function encodeMessage<D extends DescMessage>(schema: D, message: MessageShape<D>): Buffer {
  const [head, bytes] = encodeInParts(schema, message);
  return bytes ? Buffer.concat([head, bytes]) : head;
}

/**
 * Encodes a message in one or two parts. The second is the memory of a large `bytes` field itself: the codec would copy it
 * twice, into buffers that it zeroes first.
 */
export function encodeInParts<D extends DescMessage>(
  schema: D,
  message: MessageShape<D>,
): readonly [head: Buffer, bytes?: Uint8Array] {
  const large = findLargeBytes(schema, message);
  if (!large) return [viewOf(toBinary(schema, message))];
  const { field, bytes } = large;
  const rest = reflect(schema, shallowCopyOf(message));
  rest.clear(field);

  // Protobuf allows fields in any order.
  const writer = new BinaryWriter().raw(toBinary(schema, rest.message as MessageShape<D>));
  writer.tag(field.number, WireType.LengthDelimited).uint32(bytes.byteLength);
  return [viewOf(writer.finish()), bytes];
}

type Large = { readonly field: DescField; readonly bytes: Uint8Array };

function findLargeBytes(schema: DescMessage, message: object): Large | undefined {
  for (const field of bytesFieldsOf(schema)) {
    const bytes = bytesIn(message, field);
    if (bytes instanceof Uint8Array && bytes.byteLength >= largeBytesMin) return { field, bytes };
  }
  return undefined;
}

const bytesFields = new WeakMap<DescMessage, readonly DescField[]>();

function bytesFieldsOf(schema: DescMessage): readonly DescField[] {
  const known = bytesFields.get(schema);
  if (known) return known;
  const fields = schema.fields.filter(
    (field) => field.scalar === ScalarType.BYTES && field.fieldKind === "scalar",
  );
  bytesFields.set(schema, fields);
  return fields;
}

function bytesIn(message: object, { oneof, localName }: DescField): unknown {
  const holder = message as Record<string, unknown>;
  if (!oneof) return holder[localName];
  const member = holder[oneof.localName] as { case?: string; value?: unknown };
  return member.case === localName ? member.value : undefined;
}

const shallowCopyOf = <T extends object>(message: T): T =>
  Object.assign(Object.create(Object.getPrototypeOf(message)), message);

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);
