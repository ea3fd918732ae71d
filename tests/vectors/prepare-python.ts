import { prepareVectors } from "./embeddings.ts";

export const setup = (): Promise<void> => prepareVectors();
