// @ts-check
// Gradient steps on the pixels of an inversion, with a live picture and curve.

import { curve } from "./curve.js";
import { element } from "./dom.js";
import { SAY, TEXTS } from "./words.js";

const button = element("refine");
const steps = /** @type {HTMLInputElement} */ (element("refine-steps"));
/** Steps between two pictures that are shown. */
const STRIDE = 2;
/** Adam's rate, in pixels of range 2. */
const RATE = 0.02;

/** @param {import("./app.js").Page} page @param {import("./experiments.js").Experiments} bench @returns {import("./experiments.js").Experiment} */
export function refineTab(page, bench) {
    let run = 0;
    let running = false;

    const say = () => { element("refine-steps-shown").textContent = steps.value; };
    steps.addEventListener("input", say);

    function stop() {
        run += 1;
        running = false;
        button.textContent = TEXTS["refine-start"];
    }

    async function refine() {
        const name = page.state.inverter;
        const mine = ++run;
        running = true;
        button.textContent = TEXTS["refine-stop"];
        const { rgba, side } = await page.gallery.inversion(name, 2);
        const begun = page.picture;
        await page.engine.ask("begin-to-refine", { name, slot: "a", rgba, side }, { urgency: 2 });
        /** @type {number[]} */
        const errors = [];
        let newest = rgba;
        for (let step = STRIDE; mine === run && step <= Number(steps.value); step += STRIDE) {
            const stage = await page.engine.ask("refine", { steps: STRIDE, rate: RATE }, { lane: "refine", urgency: 2 });
            if (begun !== page.picture || page.state.tab !== "refine" || name !== page.state.inverter) return;
            newest = stage.rgba;
            bench.result.show(newest, side);
            errors.push(stage.featureError);
            element("refine-error").textContent = SAY.refined(step, stage.featureError);
            curve(element("refine-curve"), errors, "step");
        }
        const judged = await page.engine.ask("judge", { name, slot: "a", rgba: newest, side, plain: false }, { lane: "judge result", urgency: 2 });
        if (bench.result.shown?.rgba === newest) bench.result.judge(judged);
    }

    button.addEventListener("click", async () => {
        if (running) return stop();
        const mine = run + 1;
        await page.quietly(refine);
        if (mine === run) stop();
    });
    say();
    return { shown: say, left: stop };
}
