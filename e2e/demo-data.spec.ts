import { guessFields } from '../demo/data/fields.js';
import { readText, type Table } from '../demo/data/table.js';
import { holdChunks } from './support/demo-page.js';
import { expect, test } from './support/fixtures.js';

// The page for own data.

test('D36 a list, CSV and JSON become rows and columns, and which is searched is guessed', async () => {
  const read = async (text: string): Promise<Table> => {
    const { columns, rows } = await readText(text);
    return { columns, rows: rows.map((row) => ({ ...row })) };
  };
  expect(await read('\uFEFF one thing \n\n another, with a comma ')).toEqual({
    columns: ['text'],
    rows: [{ text: 'one thing' }, { text: 'another, with a comma' }],
  });
  const csv = await read(
    'name;what is it;price\r\nSoap;"It cleans; it ""foams""";3\r\n\r\nRope;long and strong;5\r\n',
  );
  expect(csv).toEqual({
    columns: ['name', 'what is it', 'price'],
    rows: [
      { name: 'Soap', 'what is it': 'It cleans; it "foams"', price: '3' },
      { name: 'Rope', 'what is it': 'long and strong', price: '5' },
    ],
  });
  expect(guessFields(csv)).toEqual({ text: 'what is it', title: 'name' });
  const json = await read('{"page":1,"items":[{"a":"x","tags":["p","q"]},{"b":null,"__proto__":{"c":2}}]}');
  expect(json.columns).toEqual(['a', 'tags', 'b', '__proto__']);
  expect(json.rows[0]).toEqual({ a: 'x', tags: 'p, q' });
  expect(await read('["fog", 7]')).toEqual({ columns: ['text'], rows: [{ text: 'fog' }, { text: '7' }] });
});

test('D36 what cannot be used is refused, with what to change', async () => {
  const many = `[${Array.from({ length: 50_001 }, () => '1').join()}]`;
  for (const [text, message] of [
    ['  \n ', /no text in it.*Paste a list/],
    ['[{"a": 1},', /begins as JSON, but is none: .*Check the brackets/],
    ['{"a": {"b": 1}}', /has no list in it.*Give an array/],
    ['[]', /has no list in it/],
    ['a,b\n"open,1\nx,2', /In row \d+ a quotation mark is left open.*write it twice/],
    [many, /There are 50,001 rows\. This page takes 50,000.*Cut the list/],
  ] as const) {
    await expect(readText(text), text.slice(0, 20)).rejects.toThrow(message);
  }
  const numbers = await readText('id,price\n1,2\n3,4');
  expect(() => guessFields(numbers)).toThrow(/None of the columns \(id, price\) has words.*Add a column/);
});

test('D36 own data is imported, searched, kept, replaced, cancelled and deleted', async ({
  page,
  demoServer,
}) => {
  await holdChunks(page, 0);
  await page.goto(demoServer.url);
  await page.getByRole('link', { name: 'Your data' }).click();
  await expect(page).toHaveURL(/page=data/);
  const found = page.locator('#data-found');
  const rows = page.getByRole('region', { name: 'Your rows' });
  const items = rows.getByRole('listitem');
  const state = page.locator('#own-state');
  const ask = rows.getByRole('textbox', { name: 'Search your rows' });
  const importIt = () => page.getByRole('button', { name: 'Import' }).click();

  // Paste, one row of which the embedder knows no word of.
  await page.getByLabel(/One row a line/).fill('the cat sleeps\nxqzzt\na loud train');
  await page.getByRole('button', { name: 'Use this' }).click();
  await expect(found).toHaveText('What you pasted: 3 rows, 1 column.');
  await importIt();
  await expect(state).toHaveText(/^3 of 3 rows read; 1 left out, whose text has no word/);
  await ask.fill('asleep');
  await expect(items.first()).toContainText('the cat sleeps');
  await expect(items).toHaveCount(2);
  await ask.fill('xqzzt');
  await expect(page.locator('#own-receipt')).toHaveText('The embedder knows no word of this yet.');

  // A file replaces it; the columns can be chosen.
  const csv = 'animal,sound\nDog,it barks at strangers\nOwl,it hoots in the night\n';
  await page
    .locator('#data-file')
    .setInputFiles({ name: 'zoo.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
  await expect(found).toHaveText('zoo.csv: 2 rows, 2 columns.');
  await expect(page.getByLabel('Search in')).toHaveValue('sound');
  await page.getByLabel('Search in').selectOption('animal');
  await page.getByLabel('Title').selectOption('sound');
  await importIt();
  await ask.fill('an owl');
  await expect(items.first()).toContainText('it hoots in the night');
  await expect(items).toHaveCount(2);

  // So does one that is dropped; what is wrong with it is said.
  const drop = async (name: string, content: string) => {
    const transfer = await page.evaluateHandle(
      ([name, content]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([content!], name!));
        return transfer;
      },
      [name, content],
    );
    await page.dispatchEvent('#data-drop', 'dragenter', { dataTransfer: transfer });
    await page.dispatchEvent('#data-drop', 'drop', { dataTransfer: transfer });
  };
  await drop('photo.csv', '\0\x01\x02');
  await expect(page.locator('#data-problem')).toContainText('photo.csv is not text');
  await drop('boats.json', JSON.stringify([{ text: 'a rowing boat' }, { text: 'a sailing ship' }]));
  await expect(found).toHaveText('boats.json: 2 rows, 1 column.');
  await expect(page.locator('#data-problem')).toBeHidden();
  await importIt();
  await expect(state).toHaveText('2 of 2 rows read.');

  // What was imported outlives a reload.
  await page.reload();
  await expect(state).toHaveText('2 rows of your own are kept in this browser.');

  // A cancelled import keeps what has been read.
  const long = Array.from({ length: 40_000 }, (_, i) => `boat number ${i}`).join('\n');
  await page
    .locator('#data-file')
    .setInputFiles({ name: 'fleet.txt', mimeType: 'text/plain', buffer: Buffer.from(long) });
  await importIt();
  await expect(page.locator('#data-state')).toHaveText(/^[\d,]+ of 40,000 rows read\.$/);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(state).toHaveText(/^Cancelled\. [\d,]+ of 40,000 rows read\.$/);
  await ask.fill('boat');
  await expect(items).toHaveCount(10);

  await rows.getByRole('button', { name: 'Delete them all' }).click();
  await expect(rows).toBeHidden();
  await page.getByRole('button', { name: 'Try a sample' }).click();
  await expect(found).toHaveText('The sample: 16 rows, 4 columns.');
  await importIt();
  await ask.fill('helps you sleep');
  await expect(items.first()).toContainText('Chamomile');
});
