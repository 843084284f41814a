import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Where browsers keep IndexedDB in a profile folder. */
export const DATABASES = { chromium: 'Default/IndexedDB', firefox: 'storage/default' };

/** Bytes of all files in it. What a running browser deletes meanwhile counts as none. */
export async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const sizes = entries.map((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return folderBytes(path);
    return lstat(path).then(
      ({ size }) => size,
      () => 0,
    );
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
