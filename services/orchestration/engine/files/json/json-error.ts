/** A place of a text that is no JSON, or none that is read. */
export class JsonError extends Error {
  override name = "JsonError";
  /** In the bytes that were scanned; in the file where the reader of blocks throws it on. */
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

/** Thrown where a row goes on behind the bytes at hand. */
export const needMore = new Error("the row goes on");

/** Thrown where the names of an object turned out to be data: then all names of the row are. */
export const scanAgain = new Error("the row is scanned again");
