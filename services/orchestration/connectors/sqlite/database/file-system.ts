import { randomBytes } from "node:crypto";
import { fstatSync, openSync, readSync } from "node:fs";
import type { Library } from "./library.ts";

/** Names by which SQLite knows the only files that there are. */
export const databaseName = "database";
const walName = `${databaseName}-wal`;

export const fileSystemName = "sluice";

type OpenFile = { readonly fd: number | undefined; readonly sizeBytes: number };

/**
 * The only file system of SQLite: one database and its write-ahead log, which can be read. There is no other file, nothing can
 * be written, and nothing is locked, because the bytes do not change.
 */
export function installFileSystem(
  library: Library,
  paths: { path: string; walPath: string | undefined },
): void {
  const { capi, wasm, vfs } = library;
  const files = new Map<number, OpenFile>();
  const pokeInteger = (pointer: number, value: bigint) =>
    new DataView(wasm.heap8u().buffer).setBigInt64(pointer, value, true);
  const ok = () => capi.SQLITE_OK;
  const readOnly = () => capi.SQLITE_READONLY;

  function read(file: number, target: number, length: number, offset: bigint): number {
    const { fd } = files.get(file) ?? {};
    const heap = wasm.heap8u();
    let count = 0;
    while (fd !== undefined && count < length) {
      const got = readSync(fd, heap, target + count, length - count, Number(offset) + count);
      if (got === 0) break;
      count += got;
    }
    if (count === length) return capi.SQLITE_OK;
    heap.fill(0, target + count, target + length);
    return capi.SQLITE_IOERR_SHORT_READ;
  }

  const ioMethods = {
    xClose: (file: number) => {
      files.delete(file);
      return capi.SQLITE_OK;
    },
    xRead: read,
    xWrite: readOnly,
    xTruncate: readOnly,
    xSync: ok,
    xFileSize(file: number, size: number) {
      pokeInteger(size, BigInt(files.get(file)?.sizeBytes ?? 0));
      return capi.SQLITE_OK;
    },
    xLock: ok,
    xUnlock: ok,
    xCheckReservedLock(_file: number, isReserved: number) {
      wasm.poke(isReserved, 0, "i32");
      return capi.SQLITE_OK;
    },
    xFileControl: () => capi.SQLITE_NOTFOUND,
    xSectorSize: () => 4096,
    xDeviceCharacteristics: () => 0,
  };
  const ioStruct = new capi.sqlite3_io_methods();
  Object.assign(ioStruct, { $iVersion: 1 });

  const pathOf = (name: string): string | undefined =>
    name === databaseName ? paths.path : name === walName ? paths.walPath : undefined;

  const vfsMethods = {
    xOpen(_vfs: number, namePointer: number, filePointer: number, flags: number, outFlags: number) {
      const name = namePointer ? (wasm.cstrToJs(namePointer) ?? "") : "";
      const path = pathOf(name);
      // A database in WAL mode without a log is read as with an empty one.
      if (path === undefined && name !== walName) return capi.SQLITE_CANTOPEN;
      const fd = path === undefined ? undefined : openSync(path, "r");
      files.set(filePointer, { fd, sizeBytes: fd === undefined ? 0 : fstatSync(fd).size });
      const file = new capi.sqlite3_file(filePointer);
      file.$pMethods = ioStruct.pointer;
      file.dispose();
      if (outFlags) wasm.poke(outFlags, flags, "i32");
      return capi.SQLITE_OK;
    },
    xDelete: readOnly,
    xAccess(_vfs: number, name: number, _flags: number, isThere: number) {
      wasm.poke(isThere, pathOf(wasm.cstrToJs(name) ?? "") === undefined ? 0 : 1, "i32");
      return capi.SQLITE_OK;
    },
    xFullPathname(_vfs: number, name: number, lengthMax: number, target: number) {
      return wasm.cstrncpy(target, name, lengthMax) < lengthMax ? capi.SQLITE_OK : capi.SQLITE_CANTOPEN;
    },
    xRandomness(_vfs: number, length: number, target: number) {
      wasm.heap8u().set(randomBytes(length), target);
      return length;
    },
    xSleep: () => 0,
    xCurrentTime(_vfs: number, time: number) {
      wasm.poke(time, julianDayOfEpoch + Date.now() / msPerDay, "f64");
      return capi.SQLITE_OK;
    },
    xGetLastError: () => 0,
  };
  const vfsStruct = new capi.sqlite3_vfs();
  const { sizeof: fileBytes } = (capi.sqlite3_file as unknown as Sized).structInfo;
  Object.assign(vfsStruct, { $iVersion: 1, $szOsFile: fileBytes, $mxPathname: pathCharactersMax });
  // The library types the pointers of callbacks as structures.
  vfs.installVfs({
    io: { struct: ioStruct, methods: ioMethods },
    vfs: { struct: vfsStruct, name: fileSystemName, methods: vfsMethods },
  } as unknown as Parameters<typeof vfs.installVfs>[0]);
}

type Sized = { readonly structInfo: { readonly sizeof: number } };

const pathCharactersMax = 64;
const julianDayOfEpoch = 2_440_587.5;
const msPerDay = 86_400_000;
