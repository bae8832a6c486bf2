// @ts-check
// The training step as a figure, in which the path is lit that the newest step took.

import { svg } from "../common/dom.js";
import { PARTS } from "./words.js";

/** Boxes: their name, centre and width. @type {Record<string, [number, number, number]>} */
const BOXES = {
    crop: [60, 95, 76],
    encoder: [175, 95, 96],
    features: [290, 95, 86],
    inverter: [400, 95, 86],
    inversion: [510, 95, 86],
    pixels: [640, 30, 104],
    comparator: [640, 95, 104],
    discriminator: [640, 160, 104],
    loss: [770, 95, 80],
};
const TALL = 38;

/** Arrows: from, to, and what must take part for them to be lit. @type {[string, string, string[]][]} */
const ARROWS = [
    ["crop", "encoder", []], ["encoder", "features", []], ["features", "inverter", []], ["inverter", "inversion", []],
    ["inversion", "pixels", ["image"]], ["inversion", "comparator", ["feature"]], ["inversion", "discriminator", ["adversarial"]],
    ["pixels", "loss", ["image"]], ["comparator", "loss", ["feature"]], ["discriminator", "loss", ["adversarial"]],
];

/** What takes part in a step. @typedef {{image: boolean, feature: boolean, adversarial: boolean, inverter: boolean, discriminator: boolean}} Parts */

/** Draws the figure. @param {Element} place */
export function drawStep(place) {
    const box = (/** @type {string} */ name) => {
        const [x, y, wide] = BOXES[name];
        return svg("g", { "data-part": name },
            svg("rect", { x: x - wide / 2, y: y - TALL / 2, width: wide, height: TALL, rx: 5, class: "box" }),
            svg("text", { x, y: y + 4, "text-anchor": "middle" }, PARTS[name]));
    };
    const arrow = (/** @type {[string, string, string[]]} */ [from, to, needs]) => {
        const [x1, y1, wide1] = BOXES[from];
        const [x2, y2, wide2] = BOXES[to];
        return svg("path", { d: `M${x1 + wide1 / 2 + 2} ${y1}L${x2 - wide2 / 2 - 4} ${y2}`, class: "arrow", "marker-end": "url(#tip)", "data-needs": needs.join(" ") });
    };
    const [loss, , wide] = BOXES.loss;
    const [inverter] = BOXES.inverter;
    const [discriminator, low] = BOXES.discriminator;
    const back = svg("path", { d: `M${loss + wide / 4} ${95 + TALL / 2 + 2}V215H${inverter}V${95 + TALL / 2 + 5}`, class: "back", "marker-end": "url(#tip-back)", "data-needs": "inverter" });
    const learn = svg("path", { d: `M${discriminator + 56} ${low - 6}h16v12h-13`, class: "back", "marker-end": "url(#tip-back)", "data-needs": "discriminator" });
    const tip = (/** @type {string} */ id, /** @type {string} */ kind) => svg("marker", { id, viewBox: "0 0 8 8", refX: 6, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" }, svg("path", { d: "M0 0L8 4L0 8z", class: kind }));
    place.replaceChildren(svg("svg", { viewBox: "0 0 820 235", role: "img", "aria-label": PARTS.label },
        svg("defs", {}, tip("tip", "tip"), tip("tip-back", "tip-back")),
        ...ARROWS.map(arrow), back, learn, ...Object.keys(BOXES).map(box),
        svg("text", { x: (loss + inverter) / 2, y: 230, "text-anchor": "middle", class: "numbers" }, PARTS.gradients)));
}

/** Lights what took part. @param {Element} place @param {Parts} parts */
export function lightStep(place, parts) {
    const takesPart = (/** @type {string} */ name) => /** @type {Record<string, boolean>} */ (parts)[name] ?? true;
    const terms = /** @type {Record<string, string>} */ ({ pixels: "image", comparator: "feature", discriminator: "adversarial" });
    for (const each of /** @type {NodeListOf<SVGElement>} */ (place.querySelectorAll("[data-needs]"))) each.classList.toggle("lit", (each.dataset.needs ?? "").split(" ").filter(Boolean).every(takesPart));
    for (const each of /** @type {NodeListOf<SVGElement>} */ (place.querySelectorAll("[data-part]"))) each.classList.toggle("lit", takesPart(terms[each.dataset.part ?? ""] ?? ""));
}
