/** Bytes that count as one token: tokenizers of language models take more of English and of SQL. */
const bytesOfToken = 3;

/** An estimate, so that no tokenizer decides what a context has. */
export const tokensOf = (text: string): number => Math.ceil(Buffer.byteLength(text) / bytesOfToken);
