import { significant, type Table } from '../markdown.js';
import { type Figure, ratioOf } from './figure.js';

/** What is aimed at, and how far it was reached: all figures of a run. */
export function tableOf(title: string, figures: readonly Figure[]): Table {
  return {
    title,
    header: ['', 'Redis client', 'the server', 'times as long', 'goal', ''],
    rows: figures.map((figure) => {
      const { name, unit, direct, server, goal } = figure;
      const ratio = ratioOf(figure);
      return [
        name,
        direct === undefined ? '–' : shown(direct, unit),
        shown(server, unit),
        ratio === undefined ? '–' : significant(ratio),
        goal === undefined ? '' : `at most ${goal}`,
        goal === undefined || ratio === undefined ? '' : ratio <= goal ? 'met' : 'missed',
      ];
    }),
    notes: figures.flatMap(({ name, note }) => (note === undefined ? [] : [`${name}: ${note}`])),
  };
}

function shown(value: number, unit: Figure['unit']): string {
  return unit === 'ms' ? `${significant(value)} ms` : `${significant(value)}/s`;
}
