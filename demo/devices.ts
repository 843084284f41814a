import { byId, element } from './dom.js';
import { chosenServer } from './sync-server.js';
import { keptTheme } from './theme.js';

// Two devices side by side: device.html of this origin, and of its twin.

const theme = keptTheme() ?? 'system';
document.documentElement.dataset.theme = theme;
const server = chosenServer();
if (server?.twin === undefined) {
  const problem = byId('devices-problem', HTMLParagraphElement);
  problem.textContent =
    'This takes a sync server, and a second origin to be the second device. “npm run demo:sync” starts both, and opens the page with them.';
  problem.hidden = false;
} else {
  byId('devices', HTMLDivElement).append(
    device('Laptop', location.origin, server.url),
    device('Phone', server.twin, server.url),
  );
}

function device(name: string, origin: string, server: string): HTMLIFrameElement {
  const frame = element('iframe', '');
  frame.title = name;
  const page = new URL('./device.html', location.href);
  frame.src = `${origin}${page.pathname}?${new URLSearchParams({ name, server, theme })}`;
  return frame;
}
