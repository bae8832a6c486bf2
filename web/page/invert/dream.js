// @ts-check
// Gradient steps on the features of fire9 towards a class, with a live picture and a curve of the class's probability.

import { curve } from "./curve.js";
import { element, make } from "../common/dom.js";
import { SAY, TEXTS } from "./words.js";

const button = element("dream");
const search = /** @type {HTMLInputElement} */ (element("dream-class"));
const start = /** @type {HTMLSelectElement} */ (element("dream-start"));

/** The inverter that paints: of the layer whose features are the furthest from pixels and still have places. */
const INVERTER = "fire9";
/** Steps between two pictures that are shown. */
const STRIDE = 1;
/** Steps after which a dream ends by itself. */
const MOST = 150;
/** Adam's rate, in units of the features' root mean square. */
const RATE = 0.1;

/** @param {import("./view.js").Invert} view @param {import("./experiments.js").Experiments} experiments @returns {import("./experiments.js").Experiment} */
export function dreamTab(view, experiments) {
    let run = 0;
    let running = false;

    function show() {
        const options = element("dream-classes");
        if (!options.childElementCount) options.replaceChildren(...view.classes.map((name) => make("option", { value: name })));
        if (document.activeElement !== search) search.value = view.className(view.state.class);
        start.value = view.state.from;
    }

    function stop() {
        run += 1;
        running = false;
        button.textContent = TEXTS["dream-go"];
    }

    async function dream() {
        const mine = ++run;
        running = true;
        button.textContent = TEXTS["dream-stop"];
        const { class: wanted, from, seed } = view.state;
        const begun = view.picture;
        await view.engine.ask("begin-to-dream", { name: INVERTER, slot: "a", class: wanted, noise: from === "noise" ? seed % 2147483648 : -1 }, { urgency: 2 });
        /** @type {number[]} */
        const probabilities = [];
        /** @type {{rgba: Uint8Array, side: number} | undefined} */
        let newest;
        for (let step = STRIDE; mine === run && step <= MOST; step += STRIDE) {
            const stage = await view.engine.ask("dream", { steps: STRIDE, rate: RATE, name: INVERTER, slot: "a" }, { lane: "dream", urgency: 2 });
            if (begun !== view.picture || view.state.tab !== "dream") return;
            newest = stage;
            experiments.result.show(stage.rgba, stage.side);
            probabilities.push(stage.probability);
            element("dream-told").textContent = SAY.dreamt(step, view.className(wanted), stage.probability);
            curve(element("dream-curve"), probabilities, "step", undefined, SAY.dreamCurve(view.className(wanted)));
        }
        if (!newest) return;
        const judged = await view.engine.ask("judge", { name: INVERTER, slot: "a", rgba: newest.rgba, side: newest.side, plain: false }, { lane: "judge result", urgency: 2 });
        if (experiments.result.shown?.rgba === newest.rgba) experiments.result.judge(judged);
    }

    button.addEventListener("click", async () => {
        if (running) return stop();
        const mine = run + 1;
        await view.page.runCancellable(dream);
        if (mine === run) stop();
    });
    search.addEventListener("change", () => {
        const text = search.value.trim().toLowerCase();
        const names = view.classes.map((name) => name.toLowerCase());
        const exact = names.indexOf(text);
        const found = exact >= 0 ? exact : names.findIndex((name) => text && name.includes(text));
        if (found < 0) {
            element("dream-told").textContent = SAY.noClass(search.value);
            return;
        }
        view.state.class = found;
        search.value = view.className(found);
        stop();
        view.page.remember();
    });
    start.addEventListener("change", () => {
        view.state.from = start.value;
        stop();
        view.page.remember();
    });
    return { show, stop };
}
