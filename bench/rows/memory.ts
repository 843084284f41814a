import { rawBytes } from '../data/dataset.js';
import { rotated } from '../measure/rotate.js';
import { median } from '../measure/statistics.js';
import { measurement, pause, type RowKind } from './context.js';
import { freshLanes, freshUrl } from './fresh.js';

/** Memory of a renderer process that has opened the store and answered, above that of an empty page. */
export const memory: RowKind = {
  name: 'memory',
  title: 'Memory of the renderer process above an empty page, once open',
  columns: [
    { key: 'bytes', title: 'settled', unit: 'bytes' },
    { key: 'times', title: '× raw vectors', unit: 'times' },
    { key: 'peakBytes', title: 'peak while opening', unit: 'bytes' },
  ],
  principal: 'bytes',
  needs: 'stored',
  async measure(context) {
    const { data, params, host, log } = context;
    const lanes = freshLanes(context, ['nearshore-auto', 'nearshore-int16', 'nearshore-int8']);
    const settled = lanes.map((): number[] => []);
    const peaks = lanes.map((): number[] => []);
    for (let round = 0; round < params.rounds; round++) {
      const empty = await host.memory(freshUrl(context, { name: 'none' }));
      if (!empty) {
        log('  memory of a process cannot be read here (it needs npm run bench, on Linux)');
        return [];
      }
      for (const at of rotated([...lanes.keys()], round)) {
        await pause(300);
        const full = await host.memory(freshUrl(context, lanes[at]!));
        settled[at]!.push(full!.pssBytes - empty.pssBytes);
        peaks[at]!.push(full!.peakBytes - empty.peakBytes);
      }
    }
    return lanes.map((lane, at) => {
      const result = measurement('memory', lane);
      const bytes = median(settled[at]!);
      result.values = { bytes, times: bytes / rawBytes(data), peakBytes: median(peaks[at]!) };
      return result;
    });
  },
};
