/** The sync server of this browser, as it is remembered between visits. */
export interface ServerChoice {
  readonly url: string;
  /** It is synced with, until stopped. */
  readonly isOn: boolean;
  /** Another origin of this page, which is another device to the browser. */
  readonly twin?: string;
}

const KEY = 'nearshore-demo-server';

/** What the address says (`?server=…&twin=…`, taken out of it), else what is remembered. */
export function chosenServer(): ServerChoice | undefined {
  const address = new URL(location.href);
  const url = address.searchParams.get('server');
  if (url !== null) {
    const twin = address.searchParams.get('twin');
    rememberServer({ url, isOn: true, ...(twin === null ? {} : { twin }) });
    address.searchParams.delete('server');
    address.searchParams.delete('twin');
    history.replaceState(null, '', address);
  }
  const remembered = localStorage.getItem(KEY);
  return remembered === null ? undefined : (JSON.parse(remembered) as ServerChoice);
}

export function rememberServer(choice: ServerChoice): void {
  localStorage.setItem(KEY, JSON.stringify(choice));
}
