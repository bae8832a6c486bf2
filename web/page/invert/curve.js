// @ts-check
// A small line chart of shares: errors, or a probability.

import { svg } from "../common/dom.js";
import { percent } from "../common/words.js";
import { SAY } from "./words.js";

const WIDTH = 320;
const HEIGHT = 120;
const LEFT = 44;
const BOTTOM = 18;

/** Draws `errors`, the first at `first`, into a place. @param {Element} place @param {number[]} errors @param {string} what @param {number} [chosen] which is marked @param {string} [title] what is drawn */
export function curve(place, errors, what, chosen, title = SAY.curve(what)) {
    const most = Math.max(...errors, 1e-6) * 1.05;
    const x = (/** @type {number} */ index) => LEFT + ((WIDTH - LEFT - 8) * index) / Math.max(errors.length - 1, 1);
    const y = (/** @type {number} */ error) => HEIGHT - BOTTOM - ((HEIGHT - BOTTOM - 8) * error) / most;
    const points = errors.map((error, index) => `${x(index).toFixed(1)},${y(error).toFixed(1)}`).join(" ");
    const label = (/** @type {number} */ at, /** @type {number} */ level, /** @type {string} */ text, anchor = "end") => svg("text", { x: at, y: level, "text-anchor": anchor }, text);
    const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${title}: ${errors.map(percent).join(", ")}` },
        svg("path", { d: `M${LEFT} 8V${HEIGHT - BOTTOM}H${WIDTH - 8}`, class: "axis" }),
        label(LEFT - 4, HEIGHT - BOTTOM, "0 %"),
        label(LEFT - 4, 16, percent(most / 1.05)),
        label(LEFT, HEIGHT - 4, "1", "middle"),
        label(x(errors.length - 1), HEIGHT - 4, errors.length > 1 ? String(errors.length) : "", "end"),
        svg("polyline", { points }),
        ...(chosen === undefined || errors[chosen] === undefined ? [] : [svg("circle", { cx: x(chosen), cy: y(errors[chosen]), r: 4 })]));
    place.replaceChildren(picture);
}
