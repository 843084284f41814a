const NAMES = ['ink', 'muted', 'line', 'accent', 'paper'] as const;

/** The page's colours of this moment, for a canvas, which knows no custom properties. */
export type Colours = Record<(typeof NAMES)[number], string>;

export function coloursOf(element: HTMLElement): Colours {
  const probe = document.createElement('i');
  element.append(probe);
  const resolved = NAMES.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(resolved) as Colours;
}
