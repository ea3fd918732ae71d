/**
 * Names for the entries of an archive: relative paths that every file system can hold, none of them outside of the folder
 * that the archive is unpacked in, and no two of them the same, upper and lower case apart. `paths` are names with `/`
 * between.
 */
export function entryNames(paths: readonly string[]): string[] {
  const taken = { files: new Set<string>(), folders: new Set<string>(), numbers: new Map<string, number>() };
  return paths.map((path) => {
    const name = place(path.split("/").filter(Boolean).map(safeName), taken);
    taken.files.add(keyOf(name));
    for (let end = 1; end < name.length; end += 1) taken.folders.add(keyOf(name.slice(0, end)));
    return name.join("/");
  });
}

type Taken = {
  readonly files: ReadonlySet<string>;
  readonly folders: ReadonlySet<string>;
  /** The next number to try for a name that is taken. */
  readonly numbers: Map<string, number>;
};

/** The path with numbers where something else has the name of a file or of one of its folders. */
function place(given: readonly string[], { files, folders, numbers }: Taken): string[] {
  const path = given.length > 0 ? [...given] : ["_"];
  for (let at = 0; at < path.length; at += 1) {
    const name = path[at] ?? "";
    const isFile = at === path.length - 1;
    const wanted = keyOf(path.slice(0, at + 1));
    for (
      let key = wanted;
      files.has(key) || (isFile && folders.has(key));
      key = keyOf(path.slice(0, at + 1))
    ) {
      const number = numbers.get(wanted) ?? 2;
      numbers.set(wanted, number + 1);
      path[at] = numbered(name, number, isFile);
    }
  }
  return path;
}

/** Names that some file system takes for one. */
const keyOf = (path: readonly string[]): string => path.join("/").normalize("NFC").toLowerCase();

function numbered(name: string, number: number, isFile: boolean): string {
  const end = isFile ? stemLength(name) : name.length;
  return `${name.slice(0, end)} (${number})${name.slice(end)}`;
}

const stemLength = (name: string): number =>
  name.lastIndexOf(".") > 0 ? name.lastIndexOf(".") : name.length;

/** Room for a number, below the 255 bytes of most file systems. */
const nameBytesMax = 240;

// What Windows refuses in a name or takes for a path or a stream, controls, and marks that make a name look like another.
const unsafe = /[<>:"|?*\\/\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const device = /^(con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³])(?=\.|$)/i;

/** One name of a path. Dots and spaces at its end would be dropped by Windows. */
function safeName(name: string): string {
  const safe = name
    .replace(unsafe, "_")
    .replace(/[. ]+$/, (end) => "_".repeat(end.length))
    .replace(device, "_$1");
  return shortened(safe);
}

function shortened(name: string): string {
  if (Buffer.byteLength(name) <= nameBytesMax) return name;
  const end = stemLength(name);
  const extension = Buffer.byteLength(name.slice(end)) <= nameBytesMax / 2 ? name.slice(end) : "";
  const stem = [...name.slice(0, extension === "" ? name.length : end)];
  while (Buffer.byteLength(stem.join("")) + Buffer.byteLength(extension) > nameBytesMax) {
    stem.splice(-Math.max(1, Math.floor(stem.length / 8)));
  }
  return stem.join("") + extension;
}
