// @ts-check
// The webcam, painted frame by frame.

import { element } from "../common/dom.js";
import { Live } from "../common/live.js";
import { SAY } from "./words.js";

/** Longer side of a frame, pixels. */
const SIDE = 256;
/** Frames a second below which the page says that the device is slow. */
const ENOUGH = 5;

/** @param {import("../common/page.js").Page} page @param {{model: string, weights: () => number[]}} view @param {(pair: import("./blend.js").Pair) => void} draw */
export const paintedLive = (page, view, draw) => new Live(page, {
    view: "restyle",
    begin: element("restyle-live"),
    end: element("restyle-live-end"),
    take: (video) => {
        const scale = SIDE / Math.max(video.videoWidth, video.videoHeight);
        const side = (/** @type {number} */ length) => Math.max(4, Math.round((length * scale) / 4) * 4);
        return createImageBitmap(video, { resizeWidth: side(video.videoWidth), resizeHeight: side(video.videoHeight), resizeQuality: "medium" });
    },
    show: async (frame, isWanted) => {
        const painted = await page.engine.ask("frame", { name: view.model, frame, weights: view.weights() }, { lane: "frame", urgency: 1 });
        if (isWanted()) draw(painted);
    },
    say: (rate, isMean) => (isMean && rate < ENOUGH ? SAY.slow(rate) : SAY.live(rate)),
});
