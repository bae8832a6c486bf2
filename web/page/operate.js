// @ts-check
// Edits of the features: keep or drop the largest, binarise, drop at random, add noise.

import { element, make } from "./dom.js";
import { EDITS, SAY } from "./words.js";

const edit = /** @type {HTMLSelectElement} */ (element("edit"));
const amount = /** @type {HTMLInputElement} */ (element("amount"));

/** @param {import("./app.js").Page} page @param {import("./experiments.js").Experiments} bench @returns {import("./experiments.js").Experiment} */
export function operateTab(page, bench) {
    edit.replaceChildren(...Object.entries(EDITS).map(([id, { name }]) => make("option", { value: id }, name)));

    /** How many numbers, or channels, there are to keep. */
    const total = () => {
        const [, channels, grid] = page.shapeOf(page.state.inverter);
        return page.state.edit === "keep-channels" ? channels : channels * grid * grid;
    };
    /** By its logarithm: one, few and many are equally far apart. */
    const count = () => Math.round(total() ** page.state.amount);
    const value = () => (page.state.edit.startsWith("keep") || page.state.edit.startsWith("drop-top") ? count() : page.state.edit === "noise" ? page.state.amount * 2 : page.state.amount);
    /** @type {Record<string, () => object>} */
    const edits = {
        "keep-top": () => ({ k: count() }),
        "drop-top": () => ({ k: count() }),
        "keep-channels": () => ({ k: count() }),
        binarise: () => ({}),
        "drop-random": () => ({ share: page.state.amount, seed: page.state.seed }),
        noise: () => ({ amount: page.state.amount * 2, seed: page.state.seed }),
    };

    function shown() {
        const id = page.state.edit;
        edit.value = id;
        amount.value = String(page.state.amount);
        element("edit-help").textContent = EDITS[id].help;
        element("amount-row").hidden = id === "binarise";
        element("seed").hidden = id !== "drop-random" && id !== "noise";
        element("amount-shown").textContent = SAY.amount(id, value(), total());
        if (page.hasPicture) bench.operate({ edits: [{ edit: id, ...edits[id]() }] });
    }
    const change = (/** @type {() => void} */ how) => () => {
        how();
        page.remember();
        shown();
    };
    edit.addEventListener("change", change(() => { page.state.edit = edit.value; }));
    amount.addEventListener("input", change(() => { page.state.amount = Number(amount.value); }));
    element("seed").addEventListener("click", change(() => { page.state.seed = (page.state.seed % 1000) + 1; }));
    return { shown };
}
