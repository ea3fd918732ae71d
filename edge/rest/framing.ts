import { jsonType } from "../http/send.ts";

/** How a stream of JSON texts is written as one body. */
export type Framing = {
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly open: string;
  frame(json: string, index: number): string;
  /** An error after the status was sent. */
  error(json: string, index: number): string;
  readonly close: string;
};

/** How long a browser waits before it reconnects, in milliseconds. */
const retryMs = 3000;

const array: Framing = {
  contentType: jsonType,
  headers: {},
  open: "[",
  frame: (json, index) => (index === 0 ? json : `,\n${json}`),
  error: (json, index) => (index === 0 ? json : `,\n${json}`),
  close: "]\n",
};
const ndjson: Framing = {
  contentType: "application/x-ndjson",
  headers: {},
  open: "",
  frame: (json) => `${json}\n`,
  error: (json) => `${json}\n`,
  close: "",
};
const events: Framing = {
  contentType: "text/event-stream",
  headers: { "cache-control": "no-store" },
  open: `retry: ${retryMs}\n\n`,
  frame: (json, index) => `id: ${index}\ndata: ${json}\n\n`,
  error: (json) => `event: error\ndata: ${json}\n\n`,
  close: "",
};

const framings = [array, ndjson, events];

/** The media types of a stream of JSON texts, the default first. */
export const framingTypes: readonly string[] = framings.map(({ contentType }) => contentType);

export const framingOf = (type: string | undefined): Framing =>
  framings.find(({ contentType }) => contentType === type) ?? array;
