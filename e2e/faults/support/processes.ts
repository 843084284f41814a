import { execFileSync } from 'node:child_process';

/** Kills the browser that runs on this profile folder, with all its processes: SIGKILL, nothing is flushed. */
export function killBrowser(profileFolder: string): void {
  const main = processes().find(
    ({ command }) => command.includes(profileFolder) && !/ --type=| -contentproc /.test(command),
  );
  // Playwright starts it as the leader of a group of its own.
  if (main === undefined || main.pid !== main.group) {
    throw new Error(`No process with a group of its own runs on ${profileFolder}`);
  }
  process.kill(-main.group, 'SIGKILL');
}

function processes() {
  const lines = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,pgid=,args='], { encoding: 'utf8' }).split('\n');
  return lines.map((line) => {
    const [pid, group, ...command] = line.trim().split(/\s+/);
    return { pid: Number(pid), group: Number(group), command: command.join(' ') };
  });
}
