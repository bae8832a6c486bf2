// @ts-check
// Line charts of what changes during a training.

import { make, svg } from "../common/dom.js";

const WIDTH = 360;
const HEIGHT = 130;
const LEFT = 40;
const BOTTOM = 20;
/** Points that a line has at most: more are averaged in groups. */
const POINTS = 180;

/** A line: `style` is one of five. @typedef {{name: string, style: number, at: number[], values: number[]}} Line */

/** @param {number} value */
const short = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(2));

/** Means of neighbouring points, so that a line has few of them. @param {Line} line @returns {[number, number][]} */
function thinned({ at, values }) {
    const group = Math.max(1, Math.ceil(at.length / POINTS));
    /** @type {[number, number][]} */
    const points = [];
    for (let begin = 0; begin < at.length; begin += group) {
        const end = Math.min(begin + group, at.length);
        let sum = 0;
        for (let index = begin; index < end; index++) sum += values[index];
        points.push([at[end - 1], sum / (end - begin)]);
    }
    return points;
}

/**
 * Draws lines into a place, with a legend that gives their newest values.
 * @param {Element} place @param {string} title @param {Line[]} lines @param {string} unit of the horizontal axis
 */
export function chart(place, title, lines, unit) {
    const drawn = lines.map((line) => ({ ...line, points: thinned(line) }));
    const all = drawn.flatMap(({ points }) => points);
    const most = Math.max(1e-6, ...all.map(([, value]) => value)) * 1.05;
    const last = Math.max(1, ...all.map(([at]) => at));
    const x = (/** @type {number} */ at) => (LEFT + ((WIDTH - LEFT - 6) * at) / last).toFixed(1);
    const y = (/** @type {number} */ value) => (HEIGHT - BOTTOM - ((HEIGHT - BOTTOM - 8) * value) / most).toFixed(1);
    const newest = (/** @type {Line} */ { values }) => (values.length ? short(values[values.length - 1]) : "");
    const label = `${title}: ${drawn.map((line) => `${line.name} ${newest(line)}`).join(", ")}`;
    const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
        svg("path", { d: `M${LEFT} 8V${HEIGHT - BOTTOM}H${WIDTH - 6}`, class: "axis" }),
        svg("text", { x: LEFT - 4, y: HEIGHT - BOTTOM, "text-anchor": "end" }, "0"),
        svg("text", { x: LEFT - 4, y: 16, "text-anchor": "end" }, short(most / 1.05)),
        svg("text", { x: WIDTH - 6, y: HEIGHT - 5, "text-anchor": "end" }, `${last.toFixed(0)} ${unit}`),
        ...drawn.map(({ style, points }) => svg("polyline", { points: points.map(([at, value]) => `${x(at)},${y(value)}`).join(" "), class: `line-${style}` })));
    const legend = make("ul", { className: "legend" }, ...drawn.map((line) => make("li", { className: `line-${line.style}` }, `${line.name} ${newest(line)}`)));
    place.replaceChildren(make("h4", {}, title), picture, legend);
}
