import type { ErrorOnWire } from '../../shared/errors.js';
import type { SyncStatusOnWire } from '../../shared/worker-api.js';
import { type TabChannel, tabChannel } from '../tabs/tab-channel.js';

/** What a tab that does not sync asks the one that does. */
export type SyncQuestion =
  | { readonly kind: 'now' }
  | { readonly kind: 'replicated'; readonly ids: readonly string[]; readonly stamp: string };

/** What tabs that sync the same collection tell each other. */
export type SyncNotice = {
  readonly collection: number;
} /** This tab syncs from now on: what is unanswered is to be asked again. */ & (
  | { readonly about: 'begun' }
  | { readonly about: 'status-wanted' }
  | { readonly about: 'status'; readonly status: SyncStatusOnWire }
  | { readonly about: 'question'; readonly question: SyncQuestion; readonly asked: string }
  | { readonly about: 'answer'; readonly asked: string; readonly error: ErrorOnWire | undefined }
);

export function syncChannel(store: string): TabChannel<SyncNotice> | undefined {
  return tabChannel<SyncNotice>(`nearshore:${store}:sync`);
}
