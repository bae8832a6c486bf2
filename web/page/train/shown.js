// @ts-check
// What a training shows while it runs: pictures, errors, the gate's lights, curves and the figure of the step.

import { element, make } from "../common/dom.js";
import { chart } from "./chart.js";
import { drawStep, lightStep } from "./figure.js";
import { DEEPSIM } from "./state.js";
import { LINES, RUNS, SAY } from "./words.js";

const rows = element("train-rows");
const lights = element("train-lights");
const figure = element("train-figure");
const charts = { terms: element("train-terms"), discriminator: element("train-discriminator"), pixels: element("train-pixels"), features: element("train-features") };

/** Draws pictures that lie one after the other in `rgba` beside each other. @param {HTMLCanvasElement} canvas @param {Uint8Array} rgba @param {number} side */
function drawRow(canvas, rgba, side) {
    const bytes = side * side * 4;
    const count = rgba.length / bytes;
    if (canvas.width !== count * side) [canvas.width, canvas.height] = [count * side, side];
    const context = canvas.getContext("2d");
    for (let each = 0; each < count; each++) {
        const pixels = new Uint8ClampedArray(rgba.slice(each * bytes, (each + 1) * bytes).buffer);
        context?.putImageData(new ImageData(pixels, side, side), each * side, 0);
    }
    canvas.dataset.drawn = String(Number(canvas.dataset.drawn ?? 0) + 1);
}

export class Shown {
    constructor() {
        /** A row of pictures for each run, by name, and one of the pictures themselves. @type {Map<string, {canvas: HTMLCanvasElement, told: HTMLElement}>} */
        this.rows = new Map();
        drawStep(figure);
    }

    /** Makes room for the runs of a training. @param {import("./training.js").Run[]} runs */
    begin(runs) {
        this.rows.clear();
        const row = (/** @type {string} */ name, /** @type {string} */ title) => {
            const canvas = make("canvas", { width: 1, height: 1, role: "img", "aria-label": title, dataset: { run: name } });
            const told = make("p", { className: "errors" });
            this.rows.set(name, { canvas, told });
            return make("figure", {}, make("figcaption", {}, make("strong", {}, title), told), canvas);
        };
        rows.replaceChildren(row("", SAY.heldOut()), ...runs.map(({ name }) => row(name, RUNS[name])));
    }

    /** Draws the newest inversions and errors. @param {import("./training.js").Training} training */
    look({ runs, heldOut, settings }) {
        if (!heldOut || !settings) return;
        const side = settings.options.size;
        for (const { name, rgba, pictureError, featureError } of [{ name: "", ...heldOut }, ...runs.flatMap(({ name, progress }) => (progress ? [{ name, ...progress }] : []))]) {
            const row = this.rows.get(name);
            if (!row) continue;
            drawRow(row.canvas, rgba, side);
            const title = name ? RUNS[name] : SAY.heldOut();
            row.told.textContent = name ? SAY.errors(pictureError, featureError) : SAY.mean(pictureError, featureError);
            row.canvas.setAttribute("aria-label", `${SAY.row(title, rgba.length / (side * side * 4))}; ${row.told.textContent}`);
        }
        const lines = (/** @type {"picture" | "feature"} */ kind, /** @type {number} */ mean) => {
            const drawn = runs.map(({ name, history: { measured } }) => ({ name: RUNS[name], style: name === DEEPSIM ? 1 : 2, at: measured.map(({ seconds }) => seconds), values: measured.map((each) => each[kind]) }));
            const last = Math.max(1, ...drawn.map(({ at }) => at.at(-1) ?? 0));
            return [...drawn, { name: SAY.charts.mean, style: 5, at: [0, last], values: [mean, mean] }];
        };
        chart(charts.pixels, SAY.charts.pixels, lines("picture", heldOut.pictureError), SAY.seconds());
        chart(charts.features, SAY.charts.features, lines("feature", heldOut.featureError), SAY.seconds());
        this.curves(runs);
    }

    /** @param {import("./training.js").Run[]} runs */
    curves(runs) {
        const main = runs.find(({ name }) => name === DEEPSIM) ?? runs[0];
        const { steps, terms } = main.history;
        const line = (/** @type {string} */ term, /** @type {number} */ style) => ({ name: LINES[term], style, at: steps, values: terms[term] });
        chart(charts.terms, SAY.charts.terms, [line("image", 2), line("feature", 1), line("adversarial", 3)], SAY.steps());
        chart(charts.discriminator, SAY.charts.discriminator, [line("real", 1), line("inverted", 3)], SAY.steps());
    }

    /** Shows who trained at the newest step, and lights its path. @param {import("./training.js").Training} training */
    steps({ runs }) {
        const main = runs.find(({ name }) => name === DEEPSIM) ?? runs[0];
        const { report, weights } = main;
        if (!report) return;
        const has = weights.adversarial > 0;
        const [discriminator, inverter] = report.next;
        const light = (/** @type {string} */ name, /** @type {boolean} */ used, /** @type {boolean} */ on) => make("span", { className: `light ${used && on ? "on" : ""}` }, `${name}: ${used ? (on ? SAY.trains() : SAY.waits()) : SAY.off()}`);
        const ratio = (report.real + report.inverted) / Math.max(report.adversarial, 1e-9);
        lights.replaceChildren(light("inverter", true, inverter), light("discriminator", has, discriminator), make("span", {}, has ? SAY.ratio(ratio) : ""));
        lightStep(figure, { image: weights.image > 0, feature: weights.feature > 0, adversarial: has, inverter: report.inverter, discriminator: has && report.discriminator });
    }

    /** Forgets what was shown. */
    clear() {
        this.rows.clear();
        for (const place of [rows, lights, ...Object.values(charts)]) place.replaceChildren();
        drawStep(figure);
    }
}
