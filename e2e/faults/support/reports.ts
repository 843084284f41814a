import type { BrowserContext } from '@playwright/test';
import type { Report } from './workload.js';

/** What the pages of a context have told, as far as it has arrived. */
export class Reports {
  acknowledged = 0;
  isOpen = false;
  isHeld = false;
  /** Transactions that have begun. */
  openings = 0;
  #failure: Error | undefined;
  #check = () => {};

  /** Resolves in the moment that a report makes the condition true. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#check = () => {
        if (this.#failure !== undefined) reject(this.#failure);
        else if (condition()) resolve();
      };
      this.#check();
    });
  }

  /** Another page begins, where the one before has ended. */
  restart(): void {
    this.isOpen = false;
    this.isHeld = false;
    this.openings = 0;
  }

  receive(report: Report): void {
    if (report.is === 'acknowledged') this.acknowledged = report.step;
    else if (report.is === 'held') this.isHeld = true;
    else if (report.is === 'failed') this.#failure = new Error(report.message);
    else {
      this.isOpen = report.open;
      if (report.open) this.openings++;
    }
    this.#check();
  }
}

export async function listenTo(context: BrowserContext): Promise<Reports> {
  const reports = new Reports();
  await context.exposeBinding('report', (_source, report: Report) => reports.receive(report));
  return reports;
}
