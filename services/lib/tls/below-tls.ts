import type { Socket } from "node:net";

/** The TCP socket under a server's TLS socket (private in Node); any other socket itself. */
export const belowTls = (socket: Socket & { readonly _parent?: Socket | null }): Socket =>
  socket._parent ?? socket;
