/** A value of a statement: an integer, or a text. */
export type Parameter = bigint | string;

const command = 0x17;
const types = { integer: 8, text: 0xfd };
const sizedLength = 0xfd;

/** COM_STMT_EXECUTE without a cursor. */
export function executeMessage(statementId: number, parameters: readonly Parameter[]): Buffer {
  const head = Buffer.alloc(10);
  head[0] = command;
  head.writeUInt32LE(statementId, 1);
  // Iterations; always 1.
  head.writeUInt32LE(1, 6);
  if (parameters.length === 0) return head;
  const nulls = Buffer.alloc((parameters.length + 7) >> 3);
  const kinds = parameters.map((value) =>
    Buffer.from([typeof value === "bigint" ? types.integer : types.text, 0]),
  );
  return Buffer.concat([head, nulls, Buffer.from([1]), ...kinds, ...parameters.map(encode)]);
}

function encode(value: Parameter): Buffer {
  if (typeof value === "bigint") {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    return bytes;
  }
  const text = Buffer.from(value);
  const head = Buffer.alloc(4, sizedLength);
  head.writeUIntLE(text.length, 1, 3);
  return Buffer.concat([head, text]);
}
