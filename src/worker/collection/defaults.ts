// What a query asks for where it says nothing.

export const DEFAULT_TOP_K = 10;
export const DEFAULT_TARGET_RECALL = 0.95;
