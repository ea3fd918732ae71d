import { chunksTooTiny } from "../errors/http-error.ts";

/** Most unpaid chunks of a body: handling a chunk costs as much as hundreds of bytes. */
const unpaidMax = 16_384;
/** Bytes that pay for one chunk. */
const tinyBytes = 16;
/** Chunks that a whole message pays for: streams may send small messages one by one. */
const messageChunks = 4;

/** Counts a chunk; throws when too many are tiny. */
export type CountTinyChunk = (chunkBytes: number, afterMessage?: boolean) => void;

export function limitTinyChunks(): CountTinyChunk {
  let unpaid = 0;
  return (chunkBytes, afterMessage = false) => {
    const paid = chunkBytes / tinyBytes + (afterMessage ? messageChunks : 0);
    unpaid = Math.max(0, unpaid + 1 - paid);
    if (unpaid > unpaidMax) throw chunksTooTiny(unpaidMax, tinyBytes);
  };
}
