// @ts-check
import { join } from 'node:path';
import { run } from '../run.mjs';

/**
 * Makes an authority, and a certificate of it for 127.0.0.1, by openssl.
 *
 * @param {string} folder where they are written
 * @returns {Promise<{ ca: string, cert: string, key: string }>} paths of PEM files
 */
export async function makeCertificates(folder) {
  const at = (/** @type {string} */ name) => join(folder, name);
  const files = { ca: at('ca.crt'), cert: at('server.crt'), key: at('server.key') };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  await openssl(
    'req',
    '-x509',
    ...newKey,
    '-subj',
    '/CN=test-authority',
    '-keyout',
    at('ca.key'),
    '-out',
    files.ca,
  );
  await openssl(
    ...['req', '-x509', ...newKey, '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-CA', files.ca, '-CAkey', at('ca.key'), '-keyout', files.key, '-out', files.cert],
  );
  return files;
}

/** @param {string[]} args */
async function openssl(...args) {
  const { ok, output } = await run(['openssl', ...args]);
  if (!ok) throw new Error(output);
}
