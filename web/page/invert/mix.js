// @ts-check
// Mixing the features of two pictures.

import { element, make } from "../common/dom.js";
import { fetchExample, onFile } from "../common/source.js";
import { EXAMPLES, SAY } from "../common/words.js";
import { FIELDS } from "./state.js";

const select = /** @type {HTMLSelectElement} */ (element("mix"));
const share = /** @type {HTMLInputElement} */ (element("share"));

/** @param {import("./view.js").Invert} view @param {import("./experiments.js").Experiments} experiments @returns {import("./experiments.js").Experiment} */
export function mixTab(view, experiments) {
    select.replaceChildren(...Object.entries(EXAMPLES).map(([id, name]) => make("option", { value: id }, name)));
    /** The other picture, if it is an own one: the state then names none. @type {import("../common/source.js").Source | undefined} */
    let own;
    /** Which picture lies in the worker's second slot, at which side, in which worker. */
    let taken = "";

    async function take() {
        const wanted = `${own ? own.name : view.state.mix} ${view.state.side} ${view.page.workers}`;
        if (taken === wanted) return;
        const { file, name } = own ?? (await fetchExample(view.state.mix));
        const { picture, width, height, preview } = await view.engine.ask("decode", { slot: "b", file, name }, { lane: "decode b", urgency: 3 });
        preview.close();
        const size = Math.min(width, height);
        const crop = { left: (width - size) / 2, top: (height - size) / 2, size };
        await view.engine.ask("cut", { slot: "b", picture, crop, side: view.state.side }, { lane: "cut b", urgency: 3 });
        taken = wanted;
    }

    function show() {
        if (view.state.mix) own = undefined;
        // An own picture is not in a link.
        else if (!own) view.state.mix = FIELDS.mix.usual();
        select.value = view.state.mix;
        share.value = String(view.state.share);
        element("share-shown").textContent = SAY.share(view.state.share);
        view.page.runCancellable(async () => {
            await take();
            experiments.operate({ mix: { slot: "b", share: view.state.share } });
        });
    }
    select.addEventListener("change", () => {
        view.state.mix = select.value;
        view.page.remember();
        show();
    });
    share.addEventListener("input", () => {
        view.state.share = Number(share.value);
        view.page.remember();
        show();
    });
    onFile(element("mix-file"), (source) => {
        own = source;
        view.state.mix = "";
        view.page.remember();
        taken = "";
        show();
    });
    return { show };
}
