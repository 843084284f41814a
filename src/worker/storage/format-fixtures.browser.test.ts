import { afterEach, describe, expect, it } from 'vitest';
import { askStore, restoreFixture, unpackFixture } from './fixtures/format-fixture.contract.js';
import { request } from './raw-database.contract.js';
import { databaseName } from './schema.js';
import { uniqueStoreName } from './storage.contract.js';

let store = '';

afterEach(() => request(indexedDB.deleteDatabase(databaseName(store))));

describe.each([1])('R2 a store of format %i', (format) => {
  const load = async () => {
    const file = await fetch(new URL(`./fixtures/format-${format}.json`, import.meta.url));
    const fixture = unpackFixture(await file.text());
    store = uniqueStoreName();
    await restoreFixture(store, fixture);
    return fixture;
  };

  it('answers as it did when it was written, now and when it is opened again', async () => {
    const { answers } = await load();
    expect(answers).toMatchObject({ notes: { stats: { count: 33 } }, places: { stats: { count: 2078 } } });
    expect(await askStore(store)).toEqual(answers);
    expect(await askStore(store)).toEqual(answers);
  });
});
