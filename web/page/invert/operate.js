// @ts-check
// Edits of the features: keep or drop the largest, binarise, drop at random, add noise.

import { element, make } from "../common/dom.js";
import { EDITS, SAY } from "./words.js";

const edit = /** @type {HTMLSelectElement} */ (element("edit"));
const amount = /** @type {HTMLInputElement} */ (element("amount"));

/** @param {import("./view.js").Invert} view @param {import("./experiments.js").Experiments} experiments @returns {import("./experiments.js").Experiment} */
export function operateTab(view, experiments) {
    edit.replaceChildren(...Object.entries(EDITS).map(([id, { name }]) => make("option", { value: id }, name)));

    /** How many numbers, or channels, there are to keep. */
    const total = () => {
        const [, channels, grid] = view.shapeOf(view.state.inverter);
        return view.state.edit === "keep-channels" ? channels : channels * grid * grid;
    };
    /** By its logarithm: one, few and many are equally far apart. */
    const count = () => Math.round(total() ** view.state.amount);
    const value = () => (view.state.edit.startsWith("keep") || view.state.edit.startsWith("drop-top") ? count() : view.state.edit === "noise" ? view.state.amount * 2 : view.state.amount);
    /** @type {Record<string, () => object>} */
    const edits = {
        "keep-top": () => ({ k: count() }),
        "drop-top": () => ({ k: count() }),
        "keep-channels": () => ({ k: count() }),
        binarise: () => ({}),
        "drop-random": () => ({ share: view.state.amount, seed: view.state.seed }),
        noise: () => ({ amount: view.state.amount * 2, seed: view.state.seed }),
    };

    function show() {
        const id = view.state.edit;
        edit.value = id;
        amount.value = String(view.state.amount);
        element("edit-help").textContent = EDITS[id].help;
        element("amount-row").hidden = id === "binarise";
        element("seed").hidden = id !== "drop-random" && id !== "noise";
        element("amount-shown").textContent = SAY.amount(id, value(), total());
        if (view.hasPicture) experiments.operate({ edits: [{ edit: id, ...edits[id]() }] });
    }
    const change = (/** @type {() => void} */ how) => () => {
        how();
        view.page.remember();
        show();
    };
    edit.addEventListener("change", change(() => { view.state.edit = edit.value; }));
    amount.addEventListener("input", change(() => { view.state.amount = Number(amount.value); }));
    element("seed").addEventListener("click", change(() => { view.state.seed = (view.state.seed % 1000) + 1; }));
    return { show };
}
