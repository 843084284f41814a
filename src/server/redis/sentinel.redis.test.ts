import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificates } from '../../../scripts/redis/certificates.mjs';
import { startSentinel } from '../../../scripts/redis/sentinel.mjs';
import { changeLogContract } from '../change-log.contract.js';
import { openLog } from './open-log.contract.js';

changeLogContract({
  name: 'Sentinel',
  replicas: true,
  start: async () => {
    const servers = await startSentinel();
    return openLog({ urls: servers.urls, sentinelMaster: servers.name }, servers);
  },
});

changeLogContract({
  name: 'Sentinel by TLS',
  replicas: true,
  start: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nearshore-tls-'));
    const tls = await makeCertificates(folder);
    const servers = await startSentinel({ tls });
    const ca = readFileSync(tls.ca, 'utf8');
    return openLog(
      { urls: servers.urls, sentinelMaster: servers.name, tls: { ca } },
      {
        async stop() {
          await servers.stop();
          rmSync(folder, { recursive: true });
        },
      },
    );
  },
});
