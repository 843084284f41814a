import ts from 'typescript';

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
