import { startRedis } from '../../../scripts/redis/servers.mjs';
import { changeLogContract } from '../change-log.contract.js';
import { openLog } from './open-log.contract.js';

changeLogContract({
  name: 'a single Redis',
  replicas: false,
  start: async () => {
    const server = await startRedis();
    return openLog({ urls: [server.url] }, server);
  },
});
