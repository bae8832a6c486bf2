// @ts-check
// What becomes of a training: a model file, and a place beside the networks of the view Invert.

import { element, make, save } from "../common/dom.js";
import { DEEPSIM } from "./state.js";
import { RUNS } from "./words.js";

const which = /** @type {HTMLSelectElement} */ (element("train-which"));

/** Offers the runs of a training. @param {import("./training.js").Run[]} runs */
export function offer(runs) {
    which.replaceChildren(...runs.map(({ name }) => make("option", { value: name }, RUNS[name])));
}

/** The model file of the chosen run, and a name for it. @param {import("./training.js").Training} training */
async function modelOf(training) {
    const name = which.value || DEEPSIM;
    const bytes = await training.export(name);
    const { shape } = /** @type {import("./training.js").Settings} */ (training.settings).options;
    return { bytes, name: `${shape.layer}-${name}-own` };
}

/** Listens to the buttons. @param {import("../common/page.js").Page} page @param {() => import("./training.js").Training | undefined} made the training, if there is one */
export function listenForResult(page, made) {
    const onClick = (/** @type {string} */ id, /** @type {(model: {bytes: Uint8Array, name: string}) => unknown} */ use) => element(id).addEventListener("click", () => page.runCancellable(async () => {
        const training = made();
        if (training) await use(await modelOf(training));
    }));
    onClick("train-download", ({ bytes, name }) => save(new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (bytes)], { type: "application/octet-stream" }), `${name}.safetensors`));
    onClick("train-lab", async ({ bytes, name }) => {
        const lab = /** @type {import("../invert/view.js").Invert} */ (/** @type {unknown} */ (page.view("invert")));
        await lab.addModel(name, bytes);
        page.views.choose("invert");
    });
}
