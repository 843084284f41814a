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
