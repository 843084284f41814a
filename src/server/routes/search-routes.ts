import type { Descriptor } from '../../shared/sync/protocol.js';
import { packRemoteAnswers, packRemoteFound, packRemotePage } from '../../shared/sync/remote-answers.js';
import { unpackRemoteQueries, unpackRemoteWrite } from '../../shared/sync/remote-requests.js';
import { readBody, readJson } from '../http/body.js';
import {
  remoteAnswersHead,
  remoteCount,
  remoteCounted,
  remoteFoundHead,
  remoteGet,
  remoteList,
  remotePageHead,
  remoteQueriesHead,
  remoteWriteHead,
  remoteWritten,
} from '../remote-schemas.js';
import type { RouteGroup } from '../server-context.js';

/** What clients ask that keep nothing. */
export const searchRoutes: RouteGroup = ({ descriptors, search, storedBytes, metrics }) => [
  {
    method: 'POST',
    path: '/query',
    access: 'read',
    summary: 'The nearest records of each query',
    body: {
      type: 'frame',
      schema: remoteQueriesHead,
      description: 'RemoteQueries; the float32 are the vectors of the queries without an id',
    },
    answer: { type: 'frame', schema: remoteAnswersHead, description: 'RemoteAnswers: matches of each query' },
    refusals: [410, 413, 415],
    async handle({ request, name, memory, signal, frame }) {
      const queries = unpackRemoteQueries(await readBody(request, memory));
      const answers = await descriptors.synced(name, queries.collection, (descriptor) =>
        search.query(name, descriptor, queries, { signal, memory }),
      );
      for (const { receipt } of answers.answers) metrics.query(receipt.engine, receipt.complete);
      return frame(packRemoteAnswers(answers));
    },
  },
  {
    method: 'POST',
    path: '/get',
    access: 'read',
    summary: 'Records by their ids',
    body: { type: 'application/json', schema: remoteGet, description: 'RemoteGet' },
    answer: { type: 'frame', schema: remoteFoundHead, description: 'RemoteFound: those that are there' },
    refusals: [410, 413, 415],
    async handle({ request, name, memory, signal, frame }) {
      const wanted = await readJson(request, memory, remoteGet);
      const get = (descriptor: Descriptor) => search.get(name, descriptor, wanted, { signal, memory });
      return frame(packRemoteFound(await descriptors.synced(name, wanted.collection, get)));
    },
  },
  {
    method: 'POST',
    path: '/list',
    access: 'read',
    summary: 'A page of records in the order of id',
    body: { type: 'application/json', schema: remoteList, description: 'RemoteList' },
    answer: { type: 'frame', schema: remotePageHead, description: 'RemotePage' },
    refusals: [410, 413, 415],
    async handle({ request, name, memory, signal, frame }) {
      const wanted = await readJson(request, memory, remoteList);
      const list = (descriptor: Descriptor) => search.list(name, descriptor, wanted, { signal, memory });
      return frame(packRemotePage(await descriptors.synced(name, wanted.collection, list)));
    },
  },
  {
    method: 'POST',
    path: '/count',
    access: 'read',
    summary: 'How many records there are, or pass a filter',
    body: { type: 'application/json', schema: remoteCount, description: 'RemoteCount' },
    answer: { type: 'application/json', schema: remoteCounted, description: 'RemoteCounted' },
    refusals: [410, 413, 415],
    async handle({ request, name, memory, signal }) {
      const wanted = await readJson(request, memory, remoteCount);
      const count = (descriptor: Descriptor) => search.count(name, descriptor, wanted, { signal, memory });
      return Response.json(await descriptors.synced(name, wanted.collection, count));
    },
  },
  {
    method: 'POST',
    path: '/write',
    access: 'write',
    summary: 'Writes without having read; repeating it has no further effect',
    body: {
      type: 'frame',
      schema: remoteWriteHead,
      description: 'RemoteWrite; the float32 are the vectors of its records',
    },
    answer: { type: 'application/json', schema: remoteWritten, description: 'RemoteWritten' },
    refusals: [410, 413, 415],
    async handle({ request, name, memory, signal }) {
      const wanted = unpackRemoteWrite(await readBody(request, memory));
      const { written, bytesAdded } = await descriptors.synced(
        name,
        wanted.collection,
        async (descriptor) => {
          const quota = await storedBytes.problem(name.tenant);
          return search.write(name, descriptor, wanted, { signal, memory, quota });
        },
      );
      storedBytes.added(name.tenant, bytesAdded);
      return Response.json(written);
    },
  },
];
