import { startSentinel } from '../../../scripts/redis/sentinel.mjs';
import { changeLogContract } from '../change-log.contract.js';
import { openLog } from './open-log.contract.js';

changeLogContract({
  name: 'Sentinel',
  start: async () => {
    const servers = await startSentinel();
    return openLog({ urls: servers.urls, sentinelMaster: servers.name }, servers);
  },
});
