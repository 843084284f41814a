/** Errors of reading: whoever computes on what is being read is not to blame for them. */
const faults = new WeakSet<Error>();

export async function noteFault<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof Error) faults.add(error);
    throw error;
  }
}

export function isReadFault(error: unknown): boolean {
  return error instanceof Error && faults.has(error);
}
