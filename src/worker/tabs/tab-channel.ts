/** What tabs tell each other: reaches every other tab that listens, and not its sender. */
export interface TabChannel<Message> {
  post(message: Message): void;
  listen(listener: (message: Message) => void): void;
  close(): void;
}

/** Undefined where the browser has no `BroadcastChannel`. */
export function tabChannel<Message>(name: string): TabChannel<Message> | undefined {
  if (typeof BroadcastChannel === 'undefined') return undefined;
  const channel = new BroadcastChannel(name);
  let isClosed = false;
  return {
    post: (message) => {
      // A commit may end after its store was closed here.
      if (!isClosed) channel.postMessage(message);
    },
    listen: (listener) => {
      channel.onmessage = ({ data }: MessageEvent<Message>) => listener(data);
    },
    close: () => {
      isClosed = true;
      channel.close();
    },
  };
}
