/** Handles one kind of request in a source's process. It may send parts before the reply. */
export type Operation<Request, Reply, Part = never> = (
  request: Request,
  context: OperationContext<Part>,
) => Promise<Reply>;

export type OperationContext<Part = never> = {
  /** Aborts when the request is cancelled. */
  readonly signal: AbortSignal;
  send(part: Part): void;
};

export type RequestOf<O> = O extends (request: infer R, ...rest: never[]) => unknown ? R : never;
export type ReplyOf<O> = O extends (...args: never[]) => Promise<infer R> ? R : never;
export type PartOf<O> = O extends (request: never, context: OperationContext<infer P>) => unknown ? P : never;
