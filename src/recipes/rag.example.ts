import { generateText, type LanguageModel } from 'ai';
import type { Collection } from 'nearshore';

interface Part {
  title: string;
  part: number;
}

/** A page of text, by paragraphs. Those that have not changed since it was last read are not embedded again. */
export async function learn(parts: Collection<Part>, title: string, text: string) {
  const paragraphs = text.split(/\n{2,}/).filter((paragraph) => paragraph.trim() !== '');
  await parts.upsert(
    paragraphs.map((text, part) => ({ id: `${title}#${part}`, text, metadata: { title, part } })),
  );
  await parts.delete({ filter: { title, part: { $gte: paragraphs.length } } }); // where it was longer before
}

/** Answers from what was learnt, with the ids of what it was told. */
export async function answer(parts: Collection<Part>, model: LanguageModel, question: string) {
  const { matches } = await parts.query({ text: question, hybrid: true, topK: 5 });
  const sources = matches.map(({ text, metadata }, i) => `[${i + 1}] ${metadata!.title}: ${text}`);
  const { text } = await generateText({
    model,
    system: 'Answer from the numbered sources alone, and name their numbers. Where they do not tell, say so.',
    prompt: `${sources.join('\n')}\n\n${question}`,
  });
  return { text, ids: matches.map(({ id }) => id) };
}
