import type { Embedder } from 'nearshore';
import { useCollection, useQuery, useStore } from 'nearshore/react';
import { useState } from 'react';

export function Search({ embedder }: { embedder: Embedder }) {
  const { store } = useStore('notebook');
  const { collection } = useCollection<{ year: number }>(store, 'notes', { embedder });
  const [text, setText] = useState('');
  const { matches, isStale, error } = useQuery(collection, text ? { text, topK: 5 } : undefined);
  return (
    <>
      <input aria-label="Search" value={text} onChange={(event) => setText(event.target.value)} />
      {error && <p role="alert">{error.message}</p>}
      <ol aria-busy={isStale}>
        {matches.map((match) => (
          <li key={match.id}>
            {match.text} ({match.score.toFixed(2)})
          </li>
        ))}
      </ol>
    </>
  );
}
