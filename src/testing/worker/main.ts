import '../../worker/main.js';
import type { Command, CommandMessage, Report, ReportMessage } from '../protocol.js';
import { countRequests } from './count-requests.js';
import { installFaults } from './install-faults.js';
import { standStill } from './stand-still.js';

// The store's worker, with faults. It takes commands of its own beside the store's messages, which come by a port.

const post = (report: Report) => {
  const message: ReportMessage = { nearshoreFaults: report };
  self.postMessage(message);
};
let answerIsDue = false;

const requests = countRequests();
const { rules, connections, loseGpu, setOffline } = installFaults({
  onWriting: (open) => post({ is: 'transactions', open }),
  onCommitted: () => {
    answerIsDue = true;
  },
});

addEventListener('message', ({ data }: MessageEvent<CommandMessage | undefined>) => {
  if (data?.nearshoreFaults === undefined) return;
  const { nearshoreFaults: command, id } = data;
  run(command, id).then(
    (value) => post({ is: 'answer', id, value }),
    (error: unknown) => post({ is: 'failure', id, message: String(error) }),
  );
});

async function run(command: Command, id: number): Promise<unknown> {
  const spent = () => post({ is: 'spent', id });
  switch (command.do) {
    case 'fail':
      return rules.fail(command.fault, spent);
    case 'hold':
      return rules.hold(command.place, () => {
        spent();
        standStill(command.token, command.witness);
      });
    case 'count':
      return rules.counts();
    case 'lose-connection':
      return connections.loseAll();
    case 'evict':
      return connections.evict(command.store);
    case 'lose-gpu':
      return loseGpu();
    case 'offline':
      return setOffline(command.offline);
    case 'requests':
      return requests();
    case 'reset':
      setOffline(false);
      return rules.reset();
  }
}

// Answers are Comlink's messages; the store's own carry its name.
const postMessage: (this: MessagePort, message: unknown, options?: object) => void =
  MessagePort.prototype.postMessage;
MessagePort.prototype.postMessage = function (
  message: { nearshore?: unknown } | undefined,
  options?: object,
) {
  if (rules.isEnding) return;
  postMessage.call(this, message, options);
  if (!answerIsDue || message?.nearshore !== undefined) return;
  answerIsDue = false;
  rules.atPoint('answered');
};
