import type { Question, RemoteOnWire } from '../../../shared/worker-api.js';
import { HttpClient } from './http-client.js';

/** Resolves to what the page answers. */
export type AskPage = <T>(question: Question) => Promise<T>;

/**
 * A way to the servers that a page names, with its tokens.
 *
 * @param collection whose sync may have a token of its own
 */
export function pageClient(ask: AskPage, collection: number, { urls, hasToken }: RemoteOnWire): HttpClient {
  const getToken = () => ask<string>({ about: 'token', collection });
  return new HttpClient({ urls, ...(hasToken && { getToken }) });
}
