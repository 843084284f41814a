import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { StaticKey } from './auth/static-keys.js';
import { LOG_LEVELS, type LogLevel } from './logger.js';
import type { ServerOptions } from './server-options.js';

// The command line of nearshore-server: flags, their environment variables, and what `--help` says of them.

/** What the command line says. */
export type Command =
  | { readonly kind: 'help' | 'version' }
  | {
      readonly kind: 'serve';
      readonly options: ServerOptions;
      readonly address: { readonly host: string; readonly port: number };
    };

/** The message is for whoever has typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

type Environment = Readonly<Record<string, string | undefined>>;

interface Flag {
  /** Undefined: it is a switch. */
  readonly value?: string;
  readonly fallback?: string;
  readonly help: string;
  /** Secrets are not given as flags, since anybody on the machine can list those. */
  readonly environmentOnly?: boolean;
}

const FLAGS = {
  host: { value: 'HOST', fallback: '127.0.0.1', help: 'Address to listen on; 0.0.0.0 for all' },
  port: { value: 'PORT', fallback: '8787', help: 'Port to listen on; 0 for a free one' },
  redis: {
    value: 'URL,…',
    fallback: 'redis://127.0.0.1:6379',
    help: 'Redis, as redis://user:password@host:port, or rediss:// for TLS. Several with --cluster and --sentinel',
  },
  cluster: { help: 'Redis is a Cluster, of which --redis names some nodes' },
  sentinel: { value: 'NAME', help: 'Redis is the master of this name, and --redis names its sentinels' },
  'redis-ca': { value: 'FILE', help: 'Certificates (PEM) that Redis is verified by, for rediss://' },
  dev: {
    help: 'No authentication: everybody may do everything, from this machine alone, pages of any origin on it, too',
  },
  'jwks-url': { value: 'URL', help: 'Public keys that verify tokens (JWT)' },
  'jwt-secret': {
    value: 'SECRET',
    help: 'Or a secret of 32 bytes or more that they are signed with',
    environmentOnly: true,
  },
  'jwt-algorithms': {
    value: 'NAME,…',
    help: 'Of tokens. Default: HS256 with a secret, else RS256, PS256, ES256, EdDSA',
  },
  'jwt-issuer': { value: 'NAME', help: 'Their claim "iss"; required with tokens' },
  'jwt-audience': { value: 'NAME', help: 'Their claim "aud"; required with tokens' },
  'keys-file': {
    value: 'FILE',
    help: 'Keys instead of tokens, or beside them: JSON, [{ "key", "tenant", "collections", "access" }, …]',
  },
  origins: { value: 'URL,…', help: 'Origins whose pages may call, exactly; also that of the server itself' },
  'requests-per-second': { value: 'N', fallback: '1000', help: 'Of each tenant, in this instance' },
  'stored-bytes': { value: 'N', help: 'Bytes that each tenant may store in Redis. Default: no bound' },
  'memory-bytes': {
    value: 'N',
    fallback: '134217728',
    help: 'Bytes that bodies and answers under way may take in memory',
  },
  'search-cache-bytes': {
    value: 'N',
    fallback: '268435456',
    help: 'Bytes of records that are held in memory for searches',
  },
  'vector-sets-from': {
    value: 'N',
    fallback: '4000000',
    help: 'Vector components (records × dimension) of a collection from which on Redis 8 indexes it',
  },
  'grace-ms': { value: 'N', fallback: '10000', help: 'How long SIGTERM waits for what is under way' },
  'log-level': { value: 'LEVEL', fallback: 'info', help: LOG_LEVELS.join(', ') },
  help: { help: 'Prints this' },
  version: { help: 'Prints the version' },
} as const satisfies Record<string, Flag>;

type Name = keyof typeof FLAGS;
const ENTRIES = Object.entries(FLAGS) as [Name, Flag][];

/** Reads the arguments after the program's name; a flag wins over its environment variable. Throws `UsageError`. */
export function readCommand(args: readonly string[], environment: Environment): Command {
  const given = flagsOf(args);
  const text = (name: Name): string | undefined => {
    const value = given[name] ?? environment[variableOf(name)] ?? (FLAGS[name] as Flag).fallback;
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const isOn = (name: Name): boolean =>
    given[name] === true || ['1', 'true'].includes(environment[variableOf(name)] ?? '');
  const list = (name: Name): string[] | undefined =>
    text(name)
      ?.split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
  const number = (name: Name): number | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    if (/^\d{1,15}$/.test(value)) return Number(value);
    throw new UsageError(`--${name} is ${JSON.stringify(value)}. It has to be a whole number.`);
  };

  if (isOn('help')) return { kind: 'help' };
  if (isOn('version')) return { kind: 'version' };
  const logLevel = text('log-level') as LogLevel;
  if (!LOG_LEVELS.includes(logLevel))
    throw new UsageError(
      `--log-level is ${JSON.stringify(logLevel)}. It is one of ${LOG_LEVELS.join(', ')}.`,
    );
  const [sentinelMaster, ca, storedBytes] = [text('sentinel'), text('redis-ca'), number('stored-bytes')];
  return {
    kind: 'serve',
    address: { host: text('host')!, port: number('port')! },
    options: {
      redis: {
        urls: list('redis')!,
        cluster: isOn('cluster'),
        ...(sentinelMaster === undefined ? {} : { sentinelMaster }),
        ...(ca === undefined ? {} : { tls: { ca: readText('redis-ca', ca) } }),
      },
      auth: authOf(),
      origins: list('origins') ?? [],
      requestsPerSecond: number('requests-per-second')!,
      ...(storedBytes === undefined ? {} : { storedBytes }),
      memoryBytes: number('memory-bytes')!,
      searchCacheBytes: number('search-cache-bytes')!,
      vectorSetsFrom: number('vector-sets-from')!,
      graceMs: number('grace-ms')!,
      logLevel,
    },
  };

  function authOf(): ServerOptions['auth'] {
    const [jwksUrl, secret, keysFile] = [text('jwks-url'), text('jwt-secret'), text('keys-file')];
    const isConfigured = jwksUrl !== undefined || secret !== undefined || keysFile !== undefined;
    if (isOn('dev')) {
      if (!isConfigured) return 'none';
      throw new UsageError('--dev means no authentication, and some is configured. Leave one of them out.');
    }
    if (!isConfigured) {
      throw new UsageError(
        'No authentication is configured, so anybody could read and delete everything. Set --jwks-url, NEARSHORE_JWT_SECRET or --keys-file, or use --dev on your own machine.',
      );
    }
    const algorithms = list('jwt-algorithms');
    const [issuer, audience] = [text('jwt-issuer') ?? '', text('jwt-audience') ?? ''];
    const key = {
      ...(jwksUrl === undefined ? {} : { jwksUrl }),
      ...(secret === undefined ? {} : { secret }),
    };
    return {
      ...(jwksUrl === undefined && secret === undefined
        ? {}
        : { jwt: { ...key, issuer, audience, ...(algorithms === undefined ? {} : { algorithms }) } }),
      ...(keysFile === undefined ? {} : { keys: readKeys(keysFile) }),
    };
  }
}

export function helpText(): string {
  const lines = ENTRIES.map(([name, { value, fallback, help, environmentOnly }]) => {
    const flag = environmentOnly
      ? `  ${variableOf(name)}=${value}`
      : `  --${name}${value === undefined ? '' : ` ${value}`}`;
    return `${flag.padEnd(32)}${help}${fallback === undefined ? '' : `. Default: ${fallback}`}.`;
  });
  return [
    'nearshore-server: syncs collections of nearshore, and searches them, on Redis.',
    '',
    'Usage: nearshore-server [flags]',
    '',
    ...lines,
    '',
    'Each flag is also read from the environment: --jwks-url from NEARSHORE_JWKS_URL, --dev from NEARSHORE_DEV=1.',
    'A token, or a key, names its tenant, the collections it covers ("store/collection", "store/*", "*"), and whether',
    'it may "read" or "write". The server speaks HTTP: put what ends TLS in front of it.',
    'It prints one line with its URL when it is ready, logs JSON lines on the standard error stream, and ends on',
    'SIGTERM when what is under way is done.',
    '',
  ].join('\n');
}

function variableOf(name: Name): string {
  return `NEARSHORE_${name.toUpperCase().replaceAll('-', '_')}`;
}

function flagsOf(args: readonly string[]): Partial<Record<Name, string | boolean>> {
  const options = Object.fromEntries(
    ENTRIES.filter(([, flag]) => !flag.environmentOnly).map(([name, { value }]) => [
      name,
      { type: value === undefined ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  try {
    return parseArgs({ args: [...args], options, strict: true }).values as Partial<
      Record<Name, string | boolean>
    >;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function readKeys(path: string): readonly StaticKey[] {
  const text = readText('keys-file', path);
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message would quote a key.
    throw new UsageError(`--keys-file: ${path} is not JSON.`);
  }
}

function readText(flag: Name, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`--${flag}: ${path} cannot be read (${(error as { code?: string }).code}).`);
  }
}
