import { VectorStoreError } from '../../shared/errors.js';
import {
  DEFAULT_SHARDS,
  DEFAULT_TOMBSTONE_LIFE_MS,
  type Descriptor,
  type OpenAnswer,
  type OpenRequest,
  type PinnedConfig,
  SYNC_PROTOCOL,
} from '../../shared/sync/protocol.js';
import { readOnlyError } from '../auth/auth-errors.js';
import type { ChangeLog, CollectionName } from '../change-log.js';
import { readJson } from '../http/body.js';
import { droppedError, HttpError, notFoundError } from '../http/http-error.js';
import { descriptor, openAnswer, openRequest } from '../schemas.js';
import type { RouteGroup } from '../server-context.js';

const PINNED = [
  'dimension',
  'metric',
  'embeddingSpace',
  'conflict',
] as const satisfies (keyof PinnedConfig)[];

/** A collection itself: opened, described, dropped. */
export const collectionRoutes: RouteGroup = ({ log, descriptors }) => [
  {
    method: 'PUT',
    path: '',
    access: 'read',
    summary: 'Describes a collection, or creates it: then the token has to allow writing',
    body: {
      type: 'application/json',
      schema: openRequest,
      description: 'What the collection has to be, or is created with',
    },
    answer: { type: 'application/json', schema: openAnswer, description: 'What it is' },
    refusals: [409, 410, 415],
    async handle({ request, name, access, memory }) {
      const asked = await readJson(request, memory, openRequest);
      if (asked.protocol !== SYNC_PROTOCOL) throw otherProtocolError(asked.protocol);
      const found = (await log.describe(name)) ?? (await create(log, name, asked, access.write));
      const differing = PINNED.filter((key) => found[key] !== asked.config[key]);
      if (differing.length > 0) throw mismatchError(name, found, asked.config, differing);
      const answer: OpenAnswer = { descriptor: found, time: await log.time() };
      return Response.json(answer);
    },
  },
  {
    method: 'GET',
    path: '',
    access: 'read',
    summary: 'Describes a collection',
    answer: { type: 'application/json', schema: descriptor, description: 'What is pinned of it' },
    async handle({ name }) {
      return Response.json(await descriptors.current(name));
    },
  },
  {
    method: 'DELETE',
    path: '',
    access: 'write',
    summary: 'Drops a collection with its records, for all devices',
    async handle({ name }) {
      descriptors.forget(name);
      if (!(await log.drop(name))) throw notFoundError();
      return new Response(null, { status: 204 });
    },
  },
];

async function create(
  log: ChangeLog,
  name: CollectionName,
  { config, shards, tombstoneLifeMs, known }: OpenRequest,
  mayWrite: boolean,
): Promise<Descriptor> {
  if (!mayWrite) throw readOnlyError();
  const wanted = {
    ...config,
    shards: shards ?? DEFAULT_SHARDS,
    tombstoneLifeMs: tombstoneLifeMs ?? DEFAULT_TOMBSTONE_LIFE_MS,
  };
  const created = await log.create(name, wanted, known);
  if (created === 'dropped') throw droppedError();
  return created;
}

function otherProtocolError(protocol: number): HttpError {
  return new HttpError(
    400,
    'SYNC_REJECTED',
    `The client speaks version ${protocol} of the protocol, and this server version ${SYNC_PROTOCOL}. They would misunderstand each other. Update the older one.`,
  );
}

function mismatchError(
  { collection }: CollectionName,
  found: Descriptor,
  asked: PinnedConfig,
  differing: readonly (typeof PINNED)[number][],
): VectorStoreError {
  const sides = differing.map(
    (key) =>
      `${key} is ${JSON.stringify(found[key] ?? null)} on the server and ${JSON.stringify(asked[key] ?? null)} here`,
  );
  return new VectorStoreError(
    'CONFIG_MISMATCH',
    `The collection ${JSON.stringify(collection)} is another one on the server: ${sides.join(', ')}. Its vectors could not be compared, or conflicts not be settled alike. Open it with the server's settings, or sync under another name.`,
  );
}
