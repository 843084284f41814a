/** Counts the requests of this scope that have ended, by its resource timing. Returns how many there were so far. */
export function countRequests(isCounted: (url: string) => boolean = () => true): () => number {
  let count = 0;
  const add = (entries: PerformanceEntryList) => {
    count += entries.filter(({ name }) => isCounted(name)).length;
  };
  const observer = new PerformanceObserver((list) => add(list.getEntries()));
  observer.observe({ type: 'resource', buffered: true });
  return () => {
    add(observer.takeRecords());
    return count;
  };
}
