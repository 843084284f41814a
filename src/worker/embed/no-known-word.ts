/** What to say of a text that an embedder makes zeros of. */
export function noKnownWord(text: string): string {
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return (
    `The embedder knows no word of the text ${JSON.stringify(shown)}. Without one it has no direction, so nothing is near it. ` +
    'Use other words, or give a vector'
  );
}
