// @ts-check
// A picture of a network: a box a layer, as tall as its picture is large and as wide as it has channels.

import { svg } from "./dom.js";

const GAP = 44;
const TALL = 110;
const SIDE = 24;

/** A layer: how often the picture was halved before it, and its channels. @typedef {{name: string, level: number, channels: number}} DrawnLayer */

/** @param {string} label @param {DrawnLayer[]} layers */
export function networkDiagram(label, layers) {
    let x = SIDE;
    const middle = 12 + TALL / 2;
    const parts = layers.map(({ name, level, channels }, index) => {
        const tall = TALL / 2 ** level;
        const wide = 8 + 5 * Math.log2(channels + 1);
        const at = x;
        x += wide + GAP;
        const ends = index === 0 || index === layers.length - 1;
        const box = svg("rect", { x: at, y: middle - tall / 2, width: wide, height: tall, rx: 3, class: ends ? "input" : "features" });
        const arrow = index ? [svg("path", { d: `M${at - GAP + 5} ${middle}H${at - 6}m-6 -4l6 4l-6 4`, class: "arrow" })] : [];
        const text = svg("text", { x: at + wide / 2, y: TALL + 30, "text-anchor": "middle" }, name);
        const number = svg("text", { x: at + wide / 2, y: TALL + 46, "text-anchor": "middle", class: "numbers" }, String(channels));
        return svg("g", {}, ...arrow, box, text, number);
    });
    return svg("svg", { viewBox: `0 0 ${x - GAP + SIDE} ${TALL + 54}`, role: "img", "aria-label": label }, ...parts);
}
