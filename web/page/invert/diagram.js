// @ts-check
// The network drawn from its real shapes: as tall as the grid, as wide as the channels.

import { element, svg } from "../common/dom.js";
import { SAY } from "./words.js";

const HEIGHT = 190;
const GAP = 54;
const TALL = 120;

/** @param {[string, number, number][]} shapes name, channels, grid @param {number} side of the picture */
export function diagram(shapes, side) {
    const boxes = [["picture", 3, side], ...shapes];
    let x = 28;
    const parts = boxes.map(([name, channels, grid], index) => {
        // By its logarithm: from 1 to a picture's side, and still to be seen.
        const tall = 10 + (TALL - 10) * (Math.log2(Number(grid) + 1) / Math.log2(side + 1)) ** 2;
        const wide = 8 + 5 * Math.log2(Number(channels) + 1);
        const middle = 14 + TALL / 2;
        const at = x;
        x += wide + GAP;
        const box = svg("rect", { x: at, y: middle - tall / 2, width: wide, height: tall, rx: 3, class: index ? "features" : "input" });
        const arrow = index ? [svg("path", { d: `M${at - GAP + 6} ${middle}H${at - 8}m-6 -4l6 4l-6 4`, class: "arrow" })] : [];
        const text = svg("text", { x: at + wide / 2, y: TALL + 32, "text-anchor": "middle" }, String(name));
        const numbers = svg("text", { x: at + wide / 2, y: TALL + 50, "text-anchor": "middle", class: "numbers" }, `${channels} × ${grid}²`);
        const back = index ? [svg("path", { d: `M${at + wide / 2} ${TALL + 56}v14H20v-8m-4 5l4 -5l4 5`, class: "back" })] : [];
        return svg("g", {}, ...arrow, box, text, numbers, ...back);
    });
    const label = boxes.map(([name, channels, grid]) => SAY.grid(String(name), Number(channels), Number(grid))).join("; ");
    element("diagram").replaceChildren(svg("svg", { viewBox: `0 0 ${x} ${HEIGHT + 12}`, role: "img", "aria-label": label }, ...parts));
}
