import { joinBytes } from '../../../shared/bytes.js';
import { abortedError, VectorStoreError } from '../../../shared/errors.js';
import { Deadline } from './deadline.js';
import { refusalError, unreachableError } from './refusal.js';
import { ServerList } from './server-list.js';
import { type GetToken, TokenSource } from './token-source.js';

/** Until the answer begins: 4 MiB through 1 Mbit/s take 34 s. */
const ANSWER_MS = 60_000;
/** Between two parts of an answer. */
const SILENCE_MS = 20_000;

export interface HttpClientOptions {
  /** Base URLs of equal servers. */
  readonly urls: readonly string[];
  readonly getToken?: GetToken | undefined;
  /** Milliseconds until an answer begins, and between two parts of it. Default: 60 s and 20 s. */
  readonly answerMs?: number;
  readonly silenceMs?: number;
}

export interface HttpRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Relative to the base URL. */
  readonly path: string;
  /** A frame, or what is sent as JSON. */
  readonly body?: Uint8Array<ArrayBuffer> | object;
  /** What is sent in its place once an earlier server may have taken that. */
  readonly repeatedBody?: () => Uint8Array<ArrayBuffer>;
}

/** The head of a 2xx answer; `deadline` is its caller's to end. */
interface Answer {
  readonly url: string;
  readonly response: Response;
  readonly deadline: Deadline;
}

/**
 * Asks one of several servers, with the token, and the next one where it fails. Every call settles; it rejects with a
 * `VectorStoreError`. Requests have to be harmless when repeated: the next server may be the second to get one.
 */
export class HttpClient {
  readonly #servers: ServerList;
  readonly #tokens: TokenSource;
  readonly #answerMs: number;
  readonly #silenceMs: number;

  constructor({ urls, getToken, answerMs = ANSWER_MS, silenceMs = SILENCE_MS }: HttpClientOptions) {
    this.#servers = new ServerList(urls);
    this.#tokens = new TokenSource(getToken);
    this.#answerMs = answerMs;
    this.#silenceMs = silenceMs;
  }

  /** Resolves to what `unpack` makes of the whole body; what it throws is the server's fault. */
  async send<T>(
    request: HttpRequest,
    unpack: (body: Uint8Array<ArrayBuffer>) => T,
    signal: AbortSignal,
  ): Promise<T> {
    const parts: Uint8Array[] = [];
    return this.#read(
      await this.#open(request, signal),
      (part) => parts.push(part),
      this.#silenceMs,
      signal,
      () => unpack(joinBytes(parts)),
    );
  }

  /**
   * Hands out the parts of an answer that goes on. Resolves at its end; rejects where nothing comes for `silenceMs`, or
   * with the server's fault where `onPart` throws.
   *
   * @param onOpen the answer has begun
   */
  async stream(
    request: HttpRequest,
    { onOpen, onPart, silenceMs }: StreamReader,
    signal: AbortSignal,
  ): Promise<void> {
    const answer = await this.#open(request, signal);
    onOpen();
    await this.#read(answer, onPart, silenceMs, signal, () => undefined);
  }

  async #read<T>(
    { url, response, deadline }: Answer,
    onPart: (part: Uint8Array) => void,
    silenceMs: number,
    signal: AbortSignal,
    finish: () => T,
  ): Promise<T> {
    try {
      const reader = response.body?.getReader();
      for (;;) {
        deadline.set(silenceMs);
        const part = await reader?.read();
        if (part === undefined || part.done) return finish();
        onPart(part.value);
      }
    } catch (error) {
      throw this.#failed(url, error, deadline, signal);
    } finally {
      deadline.end();
    }
  }

  async #open(request: HttpRequest, signal: AbortSignal): Promise<Answer> {
    let failure: VectorStoreError | undefined;
    let asked = request;
    for (const url of this.#servers.inOrder()) {
      const deadline = new Deadline(signal);
      let response: Response | undefined;
      try {
        response = await this.#fetchWithToken(url, asked, deadline);
        if (response.ok) {
          this.#servers.answered(url);
          return { url, response, deadline };
        }
        deadline.set(this.#silenceMs);
        failure = refusalError(url, response, await response.text());
        if (response.status >= 500) this.#servers.failed(url);
      } catch (error) {
        failure = this.#failed(url, error, deadline, signal);
        if (error instanceof VectorStoreError) break;
      } finally {
        if (!response?.ok) deadline.end();
      }
      const isNextAsked = response === undefined || response.status >= 500;
      if (signal.aborted || !isNextAsked) break;
      if (request.repeatedBody !== undefined) asked = { ...request, body: request.repeatedBody() };
    }
    throw failure;
  }

  #failed(url: string, error: unknown, deadline: Deadline, signal: AbortSignal): VectorStoreError {
    if (signal.aborted) return abortedError(signal.reason);
    // Of the application's getToken.
    if (error instanceof VectorStoreError) return error;
    this.#servers.failed(url);
    return unreachableError(url, deadline.signal.aborted ? deadline.signal.reason : error);
  }

  async #fetchWithToken(base: string, request: HttpRequest, deadline: Deadline): Promise<Response> {
    deadline.set(this.#answerMs);
    const token = await deadline.race(this.#tokens.token());
    const response = await this.#fetch(base, request, token, deadline);
    if (response.status !== 401) return response;
    const next = await deadline.race(this.#tokens.token({ token }));
    if (next === token) return response;
    await response.body?.cancel();
    return this.#fetch(base, request, next, deadline);
  }

  #fetch(
    base: string,
    { method, path, body }: HttpRequest,
    token: string | undefined,
    deadline: Deadline,
  ): Promise<Response> {
    deadline.set(this.#answerMs);
    const headers = new Headers();
    if (token !== undefined) headers.set('Authorization', `Bearer ${token}`);
    const isFrame = body instanceof Uint8Array;
    if (body !== undefined)
      headers.set('Content-Type', isFrame ? 'application/octet-stream' : 'application/json');
    return fetch(base + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: isFrame ? body : JSON.stringify(body) }),
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      signal: deadline.signal,
    });
  }
}

export interface StreamReader {
  readonly onOpen: () => void;
  readonly onPart: (part: Uint8Array) => void;
  readonly silenceMs: number;
}
