/** What a source's process does for a request: it may send parts of the reply before the reply itself. */
export type Operation<Request, Reply, Part = never> = (
  request: Request,
  context: OperationContext<Part>,
) => Promise<Reply>;

export type OperationContext<Part = never> = {
  /** Aborts when nobody waits for the reply any more. */
  readonly signal: AbortSignal;
  send(part: Part): void;
};

export type RequestOf<O> = O extends (request: infer R, ...rest: never[]) => unknown ? R : never;
export type ReplyOf<O> = O extends (...args: never[]) => Promise<infer R> ? R : never;
export type PartOf<O> = O extends (request: never, context: OperationContext<infer P>) => unknown ? P : never;
