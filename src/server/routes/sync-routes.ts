import { MalformedError } from '../../shared/sync/bounded-json.js';
import { packPullAnswer, packPushAnswer, unpackPushRequest } from '../../shared/sync/messages.js';
import type { Descriptor, PullRequest } from '../../shared/sync/protocol.js';
import { readBody, readJson } from '../http/body.js';
import { pullPages } from '../pull-pages.js';
import { pushOperations } from '../push-operations.js';
import { hint, pullAnswerHead, pullRequest, pushAnswerHead, pushRequestHead } from '../schemas.js';
import type { RouteGroup } from '../server-context.js';

/** What a replicator asks. */
export const syncRoutes: RouteGroup = ({ log, descriptors, storedBytes, garbage, streams, metrics }) => [
  {
    method: 'POST',
    path: '/push',
    access: 'write',
    summary: 'Offers operations; repeating it has no further effect',
    body: {
      type: 'frame',
      schema: pushRequestHead,
      description: 'PushRequest; the float32 are the vectors of its upserts, one after another',
    },
    answer: { type: 'frame', schema: pushAnswerHead, description: 'PushAnswer: a result for each operation' },
    refusals: [410, 413, 415],
    async handle({ request, name, memory, frame }) {
      const push = unpackPushRequest(await readBody(request, memory));
      return descriptors.synced(name, push.collection, async (descriptor) => {
        const quota = await storedBytes.problem(name.tenant);
        const { answer, bytesAdded } = await pushOperations(log, name, descriptor, push, quota);
        storedBytes.added(name.tenant, bytesAdded);
        for (const { status } of answer.results) metrics.operation(status);
        for (const shard of Object.keys(answer.shards)) garbage.used(name, descriptor, Number(shard));
        return frame(packPushAnswer(answer));
      });
    },
  },
  {
    method: 'POST',
    path: '/pull',
    access: 'read',
    summary: 'What has changed in some shards since a position',
    body: { type: 'application/json', schema: pullRequest, description: 'PullRequest' },
    answer: { type: 'frame', schema: pullAnswerHead, description: 'PullAnswer: a page for each shard' },
    refusals: [410, 415],
    async handle({ request, name, memory, frame }) {
      const pull = await readJson(request, memory, pullRequest);
      return descriptors.synced(name, pull.collection, async (descriptor) => {
        checkShards(pull, descriptor);
        const answer = await pullPages(log, name, descriptor, pull, memory);
        for (const page of answer.pages) {
          metrics.page(page.kind, page.kind === 'page' ? page.entries.length : 0);
          if (page.kind !== 'unavailable') garbage.used(name, descriptor, page.shard);
        }
        return frame(packPullAnswer(answer));
      });
    },
  },
  {
    method: 'GET',
    path: '/hints',
    access: 'read',
    summary: 'Tells shards that have something new, until the token expires or an hour has passed',
    answer: { type: 'text/event-stream', schema: hint, description: 'Each event has a Hint as its data' },
    async handle({ name, access }) {
      const descriptor = await descriptors.current(name);
      const stream = await streams.open({
        tenant: name.tenant,
        expiresAt: access.expiresAt,
        subscribe: (onHint, signal) => log.subscribe(name, descriptor, onHint, signal),
      });
      return new Response(stream, {
        headers: {
          'Content-Type': 'text/event-stream',
          'Cache-Control': 'no-store',
          // Asks nginx not to hold events back.
          'X-Accel-Buffering': 'no',
        },
      });
    },
  },
];

function checkShards({ shards }: PullRequest, descriptor: Descriptor): void {
  const asked = new Set(shards.map(({ shard }) => shard));
  if (asked.size < shards.length) throw new MalformedError('A shard is asked for twice.');
  if (Math.max(...asked) < descriptor.shards) return;
  throw new MalformedError(`A shard is asked for that is none of the collection's ${descriptor.shards}.`);
}
