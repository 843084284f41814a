// What the kernel knows of the browser's processes. Linux only; elsewhere every answer is undefined.
import { readdirSync, readFileSync } from 'node:fs';

/** Of what /proc counts processor time in. */
const TICK_MS = 10;

/** All processes of the browser that runs with this profile: [{ pid, renderer }]. */
function browserProcesses(profile) {
  const all = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const command = readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0');
      const stat = statOf(entry);
      all.push({ pid: Number(entry), parent: Number(stat[1]), command });
    } catch {
      // It ended while we looked.
    }
  }
  const tree = new Set(
    all.filter(({ command }) => command.includes(`--user-data-dir=${profile}`)).map(({ pid }) => pid),
  );
  for (let grown = true; grown; ) {
    grown = false;
    for (const { pid, parent } of all) {
      if (tree.has(parent) && !tree.has(pid)) {
        tree.add(pid);
        grown = true;
      }
    }
  }
  return all
    .filter(({ pid }) => tree.has(pid))
    .map(({ pid, command }) => ({ pid, renderer: command.some((part) => part.includes('--type=renderer')) }));
}

/** Fields of /proc/<pid>/stat from the state on: [state, parent, ...]. */
function statOf(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Bytes that the browser has caused to be written to the storage layer since it started. */
export function writtenBytes(profile) {
  if (process.platform !== 'linux') return undefined;
  let sum = 0;
  for (const { pid } of browserProcesses(profile)) {
    try {
      sum += Number(/^write_bytes: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))[1]);
    } catch {
      return undefined;
    }
  }
  return sum;
}

/** CPU time of each renderer in clock ticks: pid → ticks. */
export function rendererTimes(profile) {
  const times = new Map();
  if (process.platform !== 'linux') return times;
  for (const { pid, renderer } of browserProcesses(profile)) {
    if (!renderer) continue;
    const fields = statOf(pid);
    times.set(pid, Number(fields[11]) + Number(fields[12]));
  }
  return times;
}

export function memoryOf(pid) {
  const kilobytes = (file, field) => {
    const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(
      readFileSync(`/proc/${pid}/${file}`, 'utf8'),
    );
    return Number(match[1]) * 1024;
  };
  return { pssBytes: kilobytes('smaps_rollup', 'Pss'), peakBytes: kilobytes('status', 'VmHWM') };
}

/** Processor time of a process so far, in milliseconds; undefined where the system does not tell, or it has ended. */
export function processorMs(pid) {
  if (process.platform !== 'linux') return undefined;
  try {
    const fields = statOf(pid);
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return undefined;
  }
}
