/** Invalid or unsupported JSON at an offset. */
export class JsonError extends Error {
  override name = "JsonError";
  /** Offset in the scanned bytes; rethrown with the offset in the file. */
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

/** Thrown when a row continues beyond the block. */
export const needMore = new Error("the row goes on");

/** Thrown when the keys of an object turn out to be data: the row must be scanned again. */
export const scanAgain = new Error("the row is scanned again");
