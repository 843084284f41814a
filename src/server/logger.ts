import { destination, pino } from 'pino';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
/** The least grave lines that are written; `'silent'`: none. */
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** JSON lines on the standard error stream; the standard output has the line with the URL alone. */
export function createLogger(level: LogLevel): Logger {
  return pino({ level, base: null }, destination(2));
}

/**
 * An error as it may be logged: its class, code, and the places in the code. Messages may hold ids, names of keys, or
 * parts of a token, and are left out, but for the prefix of Redis's own.
 */
export function loggedError(error: unknown, depth = 0): object {
  if (!(error instanceof Error)) return { kind: typeof error };
  const code = (error as { code?: unknown }).code;
  const redisPrefix = /^[A-Z]{3,16}(?= )/.exec(error.message)?.[0];
  return {
    name: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    ...(redisPrefix === undefined ? {} : { redis: redisPrefix }),
    at: error.stack
      ?.split('\n')
      .filter((line) => /^\s+at /.test(line))
      .slice(0, 8)
      .map((line) => line.trim()),
    ...(error.cause === undefined || depth > 2 ? {} : { cause: loggedError(error.cause, depth + 1) }),
  };
}
