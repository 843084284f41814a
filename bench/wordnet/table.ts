import { significant, type Table } from '../markdown.js';
import type { Figures, Way } from './measure.js';

const WAYS: readonly Way[] = ['keyword', 'vector', 'hybrid'];

export function tablesOf({ records, pairs, recall, p50, buildMs }: Figures): Table[] {
  const ms = (value: number) => `${significant(value)} ms`;
  return [
    {
      title: `WordNet, ${records} definitions: recall@10 on ${pairs} held-out pairs of a word and its definition, varied`,
      header: ['', ...WAYS],
      rows: Object.entries(recall).map(([name, own]) => [name, ...WAYS.map((way) => own[way].toFixed(3))]),
      notes: [],
    },
    {
      title: 'Times, in one run',
      header: ['', 'keyword', 'vector', 'hybrid', 'keyword × vector'],
      rows: [
        ['query, p50', ...WAYS.map((way) => ms(p50[way])), significant(p50.keyword / p50.vector)],
        [
          'made once',
          ms(buildMs.keyword),
          ms(buildMs.vector),
          '',
          significant(buildMs.keyword / buildMs.vector),
        ],
      ],
      notes: [],
    },
  ];
}
