import { startCluster } from '../../../scripts/redis/cluster.mjs';
import { changeLogContract } from '../change-log.contract.js';
import { openLog } from './open-log.contract.js';

changeLogContract({
  name: 'Cluster',
  replicas: true,
  start: async () => {
    const cluster = await startCluster();
    return openLog({ urls: cluster.urls.slice(0, 2), cluster: true }, cluster);
  },
});
