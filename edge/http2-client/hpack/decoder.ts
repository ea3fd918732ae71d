import { constants } from "node:http2";
import { Http2Error } from "../http2-error.ts";
import { isHeaderName, isHeaderValue } from "./header-syntax.ts";
import { decodeHuffman } from "./huffman.ts";
import { staticTable } from "./static-table.ts";

/** SETTINGS_HEADER_TABLE_SIZE of this end, in bytes. It is the default, so that it need not be sent. */
const tableBytesMax = 4096;

/** Overhead of a table entry, in bytes. Source: RFC 7541, section 4.1. */
const entryBytes = 32;

/** Decodes the header blocks of one direction of a connection. It has to be given all of them, in order. */
export type HeaderDecoder = {
  /** Names and values alternate, as latin1. Throws COMPRESSION_ERROR, after which no block can be decoded. */
  decode(block: Buffer): string[] | Refusal;
};

/** Why headers are refused, which affects only their stream. */
type Refusal = "too large" | "malformed";

/** `listBytesMax` is counted as SETTINGS_MAX_HEADER_LIST_SIZE: name, value and 32 bytes a field. */
export function createHeaderDecoder(listBytesMax: number): HeaderDecoder {
  const table = createTable();
  return {
    decode: (block) => listOf(readFields({ block, at: 0 }, table), listBytesMax),
  };
}

/** The syntax is checked once for each table entry, and not for each reference. */
type Field = { readonly name: string; readonly value: string; readonly isValid: boolean };

const staticFields: readonly Field[] = staticTable.map(([name, value]) => ({ name, value, isValid: true }));

type Reader = { readonly block: Buffer; at: number };

function readFields(reader: Reader, table: Table): Field[] {
  const fields: Field[] = [];
  while (reader.at < reader.block.byteLength) {
    const field = readField(reader, table);
    if (field) fields.push(field);
    else if (fields.length > 0) throw invalid("the table's size changes within a header block");
  }
  return fields;
}

function listOf(fields: readonly Field[], listBytesMax: number): string[] | Refusal {
  const list: string[] = [];
  let listBytes = 0;
  for (const field of fields) {
    if (!field.isValid) return "malformed";
    listBytes += bytesOf(field);
    if (listBytes > listBytesMax) return "too large";
    list.push(field.name, field.value);
  }
  return list;
}

/** Reads a field, or a table size update, which is undefined. */
function readField(reader: Reader, table: Table): Field | undefined {
  const first = reader.block[reader.at] ?? 0;
  if (first & 0x80) return table.get(readInteger(reader, 7));
  if (first & 0x40) {
    const field = readLiteral(reader, table, 6);
    table.add(field);
    return field;
  }
  if (!(first & 0x20)) return readLiteral(reader, table, 4);
  table.resize(readInteger(reader, 5));
  return undefined;
}

function readLiteral(reader: Reader, table: Table, prefixBits: number): Field {
  const index = readInteger(reader, prefixBits);
  const name = index === 0 ? readText(reader) : table.get(index).name;
  const value = readText(reader);
  return { name, value, isValid: isHeaderName(name) && isHeaderValue(value) };
}

function readText(reader: Reader): string {
  const { block } = reader;
  const isHuffman = ((block[reader.at] ?? 0) & 0x80) !== 0;
  const bytes = readInteger(reader, 7);
  const end = reader.at + bytes;
  if (end > block.byteLength) throw invalid("a header block ends within a field");
  const text = isHuffman
    ? decodeHuffman(block.subarray(reader.at, end))
    : block.toString("latin1", reader.at, end);
  reader.at = end;
  return text;
}

/** An integer with a prefix of N bits. Source: RFC 7541, section 5.1. */
function readInteger(reader: Reader, prefixBits: number): number {
  const { block } = reader;
  const mask = (1 << prefixBits) - 1;
  let value = byteAt(block, reader.at) & mask;
  reader.at += 1;
  if (value < mask) return value;
  for (let shift = 0; ; shift += 7) {
    // Larger than any valid index, length or table size.
    if (shift > 21) throw invalid("a number in a header block is too large");
    const byte = byteAt(block, reader.at);
    reader.at += 1;
    value += (byte & 0x7f) << shift;
    if (!(byte & 0x80)) return value;
  }
}

function byteAt(block: Buffer, at: number): number {
  const byte = block[at];
  if (byte === undefined) throw invalid("a header block ends within a field");
  return byte;
}

type Table = {
  get(index: number): Field;
  add(field: Field): void;
  resize(bytesMax: number): void;
};

function createTable(): Table {
  /** Newest last. */
  const fields: Field[] = [];
  let bytes = 0;
  let bytesMax = tableBytesMax;
  const evict = () => {
    for (let oldest = fields[0]; bytes > bytesMax && oldest; oldest = fields[0]) {
      bytes -= bytesOf(oldest);
      fields.shift();
    }
  };
  return {
    get(index) {
      const field =
        index <= staticFields.length
          ? staticFields[index - 1]
          : fields[fields.length - (index - staticFields.length)];
      if (!field) throw invalid(`a header block refers to field ${index}, which there is not`);
      return field;
    },
    add(field) {
      fields.push(field);
      bytes += bytesOf(field);
      evict();
    },
    resize(size) {
      if (size > tableBytesMax) throw invalid("the table of header fields would be too large");
      bytesMax = size;
      evict();
    },
  };
}

const bytesOf = ({ name, value }: Field): number => name.length + value.length + entryBytes;

const invalid = (message: string) => new Http2Error(constants.NGHTTP2_COMPRESSION_ERROR, message);
