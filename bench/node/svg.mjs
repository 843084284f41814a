// The only file that knows Vega.
import { parse, View } from 'vega';
import { compile } from 'vega-lite';

/** Tones that can be read on white and on black. */
const TEXT = '#7d8590';
const LINE = '#7d859055';

const CONFIG = {
  background: 'transparent',
  font: 'system-ui, -apple-system, "Segoe UI", sans-serif',
  title: {
    color: TEXT,
    subtitleColor: TEXT,
    anchor: 'start',
    fontSize: 14,
    subtitleFontSize: 12,
    offset: 12,
  },
  axis: {
    labelColor: TEXT,
    titleColor: TEXT,
    gridColor: LINE,
    domainColor: LINE,
    tickColor: LINE,
    labelFontSize: 11,
    titleFontSize: 12,
    titleFontWeight: 'normal',
  },
  legend: { labelColor: TEXT, titleColor: TEXT, labelFontSize: 12, labelLimit: 0, symbolStrokeWidth: 2 },
  header: { labelColor: TEXT, titleColor: TEXT, labelFontSize: 12 },
  aria: false,
  view: { stroke: null },
};

/** A Vega-Lite chart as an SVG with a transparent background. */
export function toSvg(spec) {
  const { spec: vega } = compile({ ...spec, config: CONFIG });
  return new View(parse(vega), { renderer: 'none' }).toSVG();
}
