// @ts-check
// The features of two pictures between each other.

import { element, make } from "./dom.js";
import { fetchExample, onFile } from "./source.js";
import { usual } from "./state.js";
import { EXAMPLES, SAY } from "./words.js";

const select = /** @type {HTMLSelectElement} */ (element("mix"));
const share = /** @type {HTMLInputElement} */ (element("share"));

/** @param {import("./app.js").Page} page @param {import("./experiments.js").Experiments} bench @returns {import("./experiments.js").Experiment} */
export function mixTab(page, bench) {
    select.replaceChildren(...Object.entries(EXAMPLES).map(([id, name]) => make("option", { value: id }, name)));
    /** The other picture, if it is an own one: the state then names none. @type {import("./source.js").Source | undefined} */
    let own;
    /** Which picture lies in the worker's second slot, at which side, in which worker. */
    let taken = "";

    async function take() {
        const wanted = `${own ? own.name : page.state.mix} ${page.state.side} ${page.workers}`;
        if (taken === wanted) return;
        const { file, name } = own ?? (await fetchExample(page.state.mix));
        const { picture, width, height, preview } = await page.engine.ask("decode", { slot: "b", file, name }, { lane: "decode b", urgency: 3 });
        preview.close();
        const size = Math.min(width, height);
        const crop = { left: (width - size) / 2, top: (height - size) / 2, size };
        await page.engine.ask("take", { slot: "b", picture, crop, side: page.state.side }, { lane: "take b", urgency: 3 });
        taken = wanted;
    }

    function shown() {
        if (page.state.mix) own = undefined;
        // An own picture is not in a link.
        else if (!own) page.state.mix = usual().mix;
        select.value = page.state.mix;
        share.value = String(page.state.share);
        element("share-shown").textContent = SAY.share(page.state.share);
        page.quietly(async () => {
            await take();
            bench.operate({ mix: { slot: "b", share: page.state.share } });
        });
    }
    select.addEventListener("change", () => {
        page.state.mix = select.value;
        page.remember();
        shown();
    });
    share.addEventListener("input", () => {
        page.state.share = Number(share.value);
        page.remember();
        shown();
    });
    onFile(element("mix-file"), (source) => {
        own = source;
        page.state.mix = "";
        page.remember();
        taken = "";
        shown();
    });
    return { shown };
}
