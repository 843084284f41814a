import { recallOf } from '../data/recall.js';
import { rotated } from '../measure/rotate.js';
import { mean, median } from '../measure/statistics.js';
import { measurement, noteExact, pause, type RowKind } from './context.js';
import { freshLanes, freshUrl } from './fresh.js';

/** A new page load that finds the data stored: how long until it has answered. */
export const open: RowKind = {
  name: 'open',
  title: 'Cold open: a new page, from the start of the navigation',
  columns: [
    { key: 'openMs', title: 'to opened', unit: 'ms' },
    { key: 'firstResultMs', title: 'to first answer', unit: 'ms' },
    { key: 'recall', title: 'recall of it', unit: 'share' },
  ],
  principal: 'firstResultMs',
  needs: 'stored',
  async measure(context) {
    const { params, host, truth } = context;
    const lanes = freshLanes(context);
    const results = lanes.map((lane) => measurement('open', lane));
    const opens = lanes.map((): number[] => []);
    const answers = lanes.map((): number[] => []);
    const notes = lanes.map((): string[] => []);
    const exact = lanes.map((): number[] => []);
    // The first round fills the browser's caches of code, as for a visitor who comes back; it is not counted.
    for (let round = 0; round <= params.rounds + 2; round++) {
      for (const at of rotated([...lanes.keys()], round)) {
        await pause(300);
        const report = await host.openFresh(freshUrl(context, lanes[at]!));
        const answer = report.answer!;
        results[at]!.values.recall = recallOf(answer.ids, truth.queries[0]!);
        if (round === 0) continue;
        if (answer.note !== undefined) notes[at]!.push(answer.note);
        exact[at]!.push(answer.exact ? 1 : 0);
        opens[at]!.push(report.openMs);
        answers[at]!.push(report.firstResultMs);
      }
    }
    for (const [at, result] of results.entries()) {
      const { values } = result;
      values.openMs = median(opens[at]!);
      values.firstResultMs = median(answers[at]!);
      values.exact = mean(exact[at]!);
      if (lanes[at]!.system.effort) noteExact(result, values.exact);
      for (const text of new Set(notes[at])) {
        const times = notes[at]!.filter((other) => other === text).length;
        result.notes.push(`${text} (${times} of ${opens[at]!.length} times)`);
      }
    }
    return results;
  },
};
