/** The least that the server can do with; also in the documentation. */
const COMMANDS = [
  '+eval +evalsha +info +time +ping',
  '+hget +hgetall +hset +hmget +hdel +hincrby +get +set +del +exists +mget +getrange +strlen +pexpire',
  '+zadd +zrem +zscore +zrange +zrangebyscore +spublish +ssubscribe +sunsubscribe',
  '+wait +client|setname +client|getname',
];
/** Of a Cluster, besides. */
export const CLUSTER_COMMANDS = '+cluster|slots +asking';
/** Of vector sets (Redis 8), besides. */
export const VECTOR_SET_COMMANDS = '+vcard +vadd +vsim +vrandmember +unlink';

const PASSWORD = 's3cret%/@';

/** A line of redis.conf: a user with its own keys, channels and commands. */
export const restrictedUser = (...more: readonly string[]) =>
  `user nearshore on >${PASSWORD} resetkeys resetchannels ~{ns:* &{ns:* -@all ${[...COMMANDS, ...more].join(' ')}`;

/** A URL of Redis, with that user. */
export function asRestrictedUser(url: string): string {
  const own = new URL(url);
  own.username = 'nearshore';
  own.password = encodeURIComponent(PASSWORD);
  return own.href;
}
