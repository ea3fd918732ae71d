// Limits that the contract states, too.

/** Collections of an organisation. */
export const collectionsMax = 1000;
/** Vectors of a collection. */
export const vectorsMax = 10_000_000;
/** Largest amount of a value: the sum of 16,000 squares stays within float32. */
export const valueMax = 1e15;
/** Metadata of a vector as JSON, in bytes, and the depth of its objects and lists. */
export const metadataBytesMax = 16 * 1024;
export const metadataDepthMax = 16;
export const searchKDefault = 10;
