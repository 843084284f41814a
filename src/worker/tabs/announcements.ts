import type { ChangeEvent } from '../../shared/types.js';

/** What one tab tells the others, after it has happened. */
export type Announcement =
  | {
      readonly about: 'commit';
      readonly collection: number;
      readonly name: string;
      readonly generation: number;
      /** None: records were only moved (a merge). */
      readonly events: readonly ChangeEvent[];
    }
  | {
      readonly about: 'drop';
      readonly collection: number;
      readonly name: string;
      readonly generation: number;
    }
  | { readonly about: 'destroy' };

export interface Announcements {
  post(announcement: Announcement): void;
  listen(listener: (announcement: Announcement) => void): void;
  close(): void;
}

/** To all tabs that have the store open. Undefined where the browser has no `BroadcastChannel`. */
export function broadcastAnnouncements(store: string): Announcements | undefined {
  if (typeof BroadcastChannel === 'undefined') return undefined;
  const channel = new BroadcastChannel(`nearshore:${store}`);
  let isClosed = false;
  return {
    post: (announcement) => {
      // A commit may end after its store was closed here.
      if (!isClosed) channel.postMessage(announcement);
    },
    listen: (listener) => {
      channel.onmessage = ({ data }: MessageEvent<Announcement>) => listener(data);
    },
    close: () => {
      isClosed = true;
      channel.close();
    },
  };
}
