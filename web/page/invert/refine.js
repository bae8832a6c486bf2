// @ts-check
// Gradient steps on the pixels of an inversion, with a live picture and curve.

import { curve } from "./curve.js";
import { element } from "../common/dom.js";
import { SAY, TEXTS } from "./words.js";

const button = element("refine");
const steps = /** @type {HTMLInputElement} */ (element("refine-steps"));
/** Steps between two pictures that are shown. */
const STRIDE = 2;
/** Adam's rate, in pixels of range 2. */
const RATE = 0.02;

/** @param {import("./view.js").Invert} view @param {import("./experiments.js").Experiments} experiments @returns {import("./experiments.js").Experiment} */
export function refineTab(view, experiments) {
    let run = 0;
    let running = false;

    const showSteps = () => { element("refine-steps-shown").textContent = steps.value; };
    steps.addEventListener("input", showSteps);

    function stop() {
        run += 1;
        running = false;
        button.textContent = TEXTS["refine-start"];
    }

    async function refine() {
        const name = view.state.inverter;
        const mine = ++run;
        running = true;
        button.textContent = TEXTS["refine-stop"];
        const { rgba, side } = await view.gallery.inversion(name, 2);
        const begun = view.picture;
        await view.engine.ask("begin-to-refine", { name, slot: "a", rgba, side }, { urgency: 2 });
        /** @type {number[]} */
        const errors = [];
        let newest = rgba;
        for (let step = STRIDE; mine === run && step <= Number(steps.value); step += STRIDE) {
            const stage = await view.engine.ask("refine", { steps: STRIDE, rate: RATE }, { lane: "refine", urgency: 2 });
            if (begun !== view.picture || view.state.tab !== "refine" || name !== view.state.inverter) return;
            newest = stage.rgba;
            experiments.result.show(newest, side);
            errors.push(stage.featureError);
            element("refine-error").textContent = SAY.refined(step, stage.featureError);
            curve(element("refine-curve"), errors, "step");
        }
        const judged = await view.engine.ask("judge", { name, slot: "a", rgba: newest, side, plain: false }, { lane: "judge result", urgency: 2 });
        if (experiments.result.shown?.rgba === newest) experiments.result.judge(judged);
    }

    button.addEventListener("click", async () => {
        if (running) return stop();
        const mine = run + 1;
        await view.page.runCancellable(refine);
        if (mine === run) stop();
    });
    showSteps();
    return { show: showSteps, stop };
}
