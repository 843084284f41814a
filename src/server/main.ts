#!/usr/bin/env node
import { helpText, readCommand, UsageError } from './config.js';
import { createServer } from './create-server.js';
import { VERSION } from './version.js';

try {
  await run();
} catch (error) {
  // What is wrong with options or with Redis, for whoever has started it; not a place in the code.
  process.stderr.write(`nearshore-server: ${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof UsageError) process.stderr.write('nearshore-server --help explains all flags.\n');
  process.exit(error instanceof UsageError ? 2 : 1);
}

async function run(): Promise<void> {
  const command = readCommand(process.argv.slice(2), process.env);
  if (command.kind !== 'serve') {
    process.stdout.write(command.kind === 'help' ? helpText() : `${VERSION}\n`);
    return;
  }
  const server = await createServer(command.options);
  const url = await server.listen(command.address);
  process.stdout.write(`nearshore-server listens on ${url}\n`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      server.close().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
}
