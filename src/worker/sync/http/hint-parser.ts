import { createParser } from 'eventsource-parser';
import { unpackHint } from '../../../shared/sync/open-messages.js';
import type { Hint } from '../../../shared/sync/protocol.js';

/** A hint takes about 40 characters. */
const MAX_EVENT_CHARACTERS = 4_096;

/** Takes the parts of a stream of server-sent events, each with a hint; throws where it is none. */
export function hintParser(onHint: (hint: Hint) => void): (part: Uint8Array) => void {
  const decoder = new TextDecoder();
  const parser = createParser({
    onEvent: ({ data }) => onHint(unpackHint(data)),
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') throw error;
    },
    maxBufferSize: MAX_EVENT_CHARACTERS,
  });
  return (part) => parser.feed(decoder.decode(part, { stream: true }));
}
