import { readFileSync } from 'node:fs';
import ts from 'typescript';

export type Marker = 'example' | 'run';

export interface CodeBlock {
  readonly marker: Marker;
  /** Where it begins in the README. */
  readonly line: number;
  readonly source: string;
}

const MARKED_BLOCK = /<!-- e2e: (example|run) -->\s*```ts\n([\s\S]*?)```/g;

/** The README's code blocks that the tests run: each follows a comment `<!-- e2e: example -->` or `<!-- e2e: run -->`. */
export function readmeBlocks(): CodeBlock[] {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  return [...readme.matchAll(MARKED_BLOCK)].map(({ 1: marker, 2: source, index }) => ({
    marker: marker as Marker,
    line: readme.slice(0, index).split('\n').length,
    source: source!,
  }));
}

/**
 * What the code says it prints: each `// →` comment, in order, with the comment lines that go on below it. White
 * space counts as one space.
 */
export function expectedOutput(source: string): string[] {
  const outputs = source.matchAll(/\/\/ →(.*(?:\n[ \t]*\/\/(?! →).*)*)/g);
  return [...outputs].map(({ 1: text }) => oneLine(text!.replace(/\n[ \t]*\/\//g, ' ')));
}

export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** JavaScript for the body of an async function with `require`, which stands for the imports. */
export function toFunctionBody(source: string): string {
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS };
  return ts.transpileModule(source, { compilerOptions }).outputText;
}
