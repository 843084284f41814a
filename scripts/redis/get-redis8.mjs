// @ts-check
// Redis 8 (vector sets) beside the system's Redis, which stays as it is: Debian's packages of a later release are
// unpacked into a cache folder, and run with the libraries that come with them. Nothing is installed.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { run } from '../run.mjs';
import { findRedis8, redis8Folder } from './find-redis.mjs';

const SUITE = 'trixie';
const SOURCES = '/etc/apt/sources.list.d/debian.sources';
const PACKAGES = [
  ...[
    'redis-server',
    'redis-tools',
    'libatomic1',
    'libc6',
    'libcap2',
    'libgcc-s1',
    'libjemalloc2',
    'liblzf1',
  ],
  ...['libssl3t64', 'libstdc++6', 'libsystemd0', 'libzstd1', 'zlib1g'],
];

/**
 * Finds Redis 8, or gets it.
 *
 * @returns {Promise<{ program: string } | { missing: string }>} or why there is none
 */
export async function getRedis8() {
  const found = findRedis8();
  if (found !== undefined) return { program: found };
  if (!existsSync(SOURCES)) {
    return {
      missing: `There is no Redis 8: NEARSHORE_REDIS8 is not set, and without ${SOURCES} its packages cannot be found.`,
    };
  }
  const folder = redis8Folder();
  // Made whole under another name, so that whoever finds it finds all of it.
  const draft = `${folder}-${process.pid}`;
  try {
    await unpack(draft);
    // The wrapper names its folder.
    writeWrapper(draft, folder);
    rmSync(folder, { recursive: true, force: true });
    renameSync(draft, folder);
    return { program: join(folder, 'redis-server') };
  } catch (error) {
    // Another process may have been faster.
    const program = findRedis8();
    return program !== undefined
      ? { program }
      : { missing: `There is no Redis 8: its packages could not be had. ${error}` };
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** @param {string} folder */
async function unpack(folder) {
  rmSync(folder, { recursive: true, force: true });
  for (const part of ['state/lists/partial', 'cache/archives/partial', 'sources', 'root']) {
    mkdirSync(join(folder, part), { recursive: true });
  }
  writeFileSync(join(folder, 'state/status'), '');
  // Where this machine gets its packages from, with the suite exchanged.
  const sources = readFileSync(SOURCES, 'utf8').replace(/^Suites:.*$/gm, (line) =>
    line.replace(/(?<=[\s:])[a-z]+(?=-|\s|$)/g, SUITE),
  );
  writeFileSync(join(folder, 'sources/redis8.sources'), sources);
  const apt = [
    'apt-get',
    ...['-o', 'Dir::Etc::sourcelist=/dev/null', '-o', `Dir::Etc::sourceparts=${join(folder, 'sources')}`],
    ...[
      '-o',
      `Dir::State=${join(folder, 'state')}`,
      '-o',
      `Dir::State::status=${join(folder, 'state/status')}`,
    ],
    ...['-o', `Dir::Cache=${join(folder, 'cache')}`, '-o', 'APT::Sandbox::User=root', '-qq'],
  ];
  await must([...apt, 'update']);
  await must([...apt, '--download-only', '--no-install-recommends', '-y', 'install', ...PACKAGES]);
  const archives = join(folder, 'cache/archives');
  for (const file of readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
    await must(['dpkg', '-x', join(archives, file), join(folder, 'root')]);
  }
  rmSync(join(folder, 'cache'), { recursive: true });
  rmSync(join(folder, 'state'), { recursive: true });
}

/** @param {string} draft @param {string} folder where it is going to be */
function writeWrapper(draft, folder) {
  const libraries = readdirSync(join(draft, 'root/usr/lib')).find((name) => name.endsWith('-linux-gnu'));
  const loader =
    libraries && readdirSync(join(draft, 'root/usr/lib', libraries)).find((name) => /^ld-linux/.test(name));
  if (!libraries || !loader) throw new Error('Its loader was not among the packages.');
  const path = join(folder, 'root/usr/lib', libraries);
  const wrapper = join(draft, 'redis-server');
  writeFileSync(
    wrapper,
    `#!/bin/sh\nexec ${path}/${loader} --library-path ${path} --argv0 redis-server ${folder}/root/usr/bin/redis-server "$@"\n`,
  );
  chmodSync(wrapper, 0o755);
}

/** @param {readonly string[]} command */
async function must(command) {
  const { ok, output } = await run(command);
  if (!ok) throw new Error(output);
}
