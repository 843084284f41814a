import type { ChangeEvent } from '../../shared/types.js';
import { type TabChannel, tabChannel } from './tab-channel.js';

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
  /** Another collection, with vectors of another model, has taken its place. */
  | {
      readonly about: 'replace';
      readonly collection: number;
      readonly name: string;
      readonly generation: number;
      readonly count: number;
    }
  | { readonly about: 'destroy' };

export type Announcements = TabChannel<Announcement>;

/** To all tabs that have the store open. Undefined where the browser has no `BroadcastChannel`. */
export function broadcastAnnouncements(store: string): Announcements | undefined {
  return tabChannel<Announcement>(`nearshore:${store}`);
}
