import type { Mirror } from './mirror.js';
import type { Clock } from './surroundings.js';

/** Differences below it are not worth a commit. */
const TOLERATED_MS = 1_000;

/** Keeps the clock of the collection at the server's (Y9). */
export class ServerClock {
  constructor(
    private readonly mirror: Mirror,
    private readonly clock: Clock,
  ) {}

  /** Milliseconds since 1970 by the server's clock. */
  now(): number {
    return this.clock.now() + (this.mirror.row?.clockOffsetMs ?? 0);
  }

  /**
   * Milliseconds that the server's clock is ahead, by an answer.
   *
   * @param time the server's, when it answered
   * @param asked this device's, when the question was sent
   */
  offset(time: number, asked: number): number {
    return Math.round(time - (asked + this.clock.now()) / 2);
  }

  async correct(time: number, asked: number): Promise<void> {
    const { row } = this.mirror;
    if (row === undefined) return;
    const offset = this.offset(time, asked);
    // The answer may have come from any moment between.
    const tolerated = Math.max(TOLERATED_MS, this.clock.now() - asked);
    if (Math.abs(offset - row.clockOffsetMs) > tolerated) await this.mirror.setClockOffset(offset);
  }
}
