// @ts-check
// A painting at the photo's own size or at that of what is shown, whichever is larger, strip by strip, saved as a PNG.

import { element, make, save } from "../common/dom.js";
import { blendImages } from "./blend.js";
import { SLOT } from "./state.js";
import { SAY } from "./words.js";

const progress = /** @type {HTMLProgressElement} */ (element("restyle-progress"));
const cancel = element("restyle-cancel");
const button = /** @type {HTMLButtonElement} */ (element("restyle-save"));

/** Paints the whole photo and saves it. @param {import("../common/page.js").Page} page @param {import("./view.js").Restyle} view */
export async function saveFull(page, view) {
    const { engine } = page;
    const { number: picture, ...own } = view.picture;
    // What is shown may be larger than a small photo.
    const { width, height } = view.sizeOf(Math.max(own.width, own.height, page.state.painted));
    const { file } = view.source ?? {};
    if (!picture || !file) return;
    let cancelled = false;
    const stop = () => { cancelled = true; };
    cancel.addEventListener("click", stop);
    cancel.hidden = progress.hidden = false;
    button.disabled = true;
    progress.value = 0;
    const say = (/** @type {string} */ text) => page.setStatus(text, "restyle");
    try {
        const painting = make("canvas", { width, height });
        const context = painting.getContext("2d");
        const begun = performance.now();
        await engine.ask("paint", { name: view.model, slot: SLOT, picture, width, height, weights: view.weights() }, { lane: "paint", urgency: 1 });
        for (;;) {
            const { done, of, first, rgba } = await engine.ask("paint-step", {}, { lane: "paint", urgency: 1 });
            if (cancelled) {
                await engine.ask("paint-end", {}, { lane: "paint", urgency: 1 });
                return say(SAY.cancelled());
            }
            if (!of) break;
            if (rgba.length) context?.putImageData(new ImageData(new Uint8ClampedArray(rgba.buffer, rgba.byteOffset, rgba.byteLength), width), 0, first);
            progress.max = of;
            progress.value = done;
            say(SAY.saving(done / of, ((performance.now() - begun) / done) * (of - done) / 1000));
        }
        const photo = await createImageBitmap(file, { imageOrientation: "from-image" });
        const mixed = make("canvas");
        blendImages(mixed, painting, photo, page.state.strength / 100, page.state.colours === "photo");
        photo.close();
        const blob = /** @type {Blob | null} */ (await new Promise((resolve) => { mixed.toBlob(resolve); }));
        if (!blob) return page.showError("too-big", `${width} x ${height}`);
        save(blob, "deepsim-restyled.png");
        say(SAY.saved(width, height));
        document.body.dataset.saved = `${width} x ${height}`;
    } finally {
        cancel.removeEventListener("click", stop);
        cancel.hidden = progress.hidden = true;
        button.disabled = false;
        page.settle();
    }
}
