/** A message of PostgreSQL's protocol. `length` overrides the correct length. */
export function message(kind: string, body: Buffer | string = "", length?: number): Buffer {
  const bytes = Buffer.from(body);
  const head = Buffer.alloc(5, kind);
  head.writeUInt32BE((length ?? bytes.length + 4) >>> 0, 1);
  return Buffer.concat([head, bytes]);
}

export const int16 = (value: number) => Buffer.from([value >> 8, value & 255]);
export const int32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

export const authentication = (kind: number, rest = "") =>
  message("R", Buffer.concat([int32(kind), Buffer.from(rest)]));
export const readyForQuery = message("Z", "T");
export const complete = (tag: string) => message("C", `${tag}\0`);
export const parameterStatus = (name: string, value: string) => message("S", `${name}\0${value}\0`);
export const notice = (text: string) => message("N", `SNOTICE\0M${text}\0\0`);
export const errorResponse = (code: string, text: string) => message("E", `SERROR\0C${code}\0M${text}\0\0`);
export const keyData = message("K", Buffer.alloc(8, 1));
export const copyOutResponse = message("H", Buffer.from([0, 0, 0]));

/** The header of a binary COPY and a row of one integer. */
export const copiedRow = message(
  "d",
  Buffer.concat([Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"), Buffer.alloc(8), int16(1), int32(4), int32(1)]),
);
export const copyTrailer = message("d", int16(-1));

/** A RowDescription of columns by their names, all of one type. */
export const columns = (names: readonly string[], type = 25) =>
  message(
    "T",
    Buffer.concat([
      int16(names.length),
      ...names.map((name) =>
        Buffer.concat([Buffer.from(`${name}\0`), int32(0), int16(0), int32(type), Buffer.alloc(8, 255)]),
      ),
    ]),
  );

export const row = (values: readonly (string | null)[]) =>
  message(
    "D",
    Buffer.concat([
      int16(values.length),
      ...values.map((value) =>
        value === null ? int32(-1) : Buffer.concat([int32(Buffer.byteLength(value)), Buffer.from(value)]),
      ),
    ]),
  );
