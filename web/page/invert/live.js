// @ts-check
// The webcam: what the layer at the depth slider keeps of each frame.

import { element } from "../common/dom.js";
import { Live } from "../common/live.js";
import { SAY } from "./words.js";

/** @param {import("./view.js").Invert} view */
export const invertedLive = (view) => new Live(view.page, {
    view: "invert",
    begin: element("live"),
    end: element("live-end"),
    take: (video) => {
        const { videoWidth: width, videoHeight: height } = video;
        const [square, side] = [Math.min(width, height), view.state.side];
        return createImageBitmap(video, (width - square) / 2, (height - square) / 2, square, square, { resizeWidth: side, resizeHeight: side, resizeQuality: "medium" });
    },
    show: async (frame, isWanted) => {
        const inverted = await view.engine.ask("live", { name: view.depth.model(), frame }, { lane: "live", urgency: 1 });
        if (isWanted()) view.depth.film(inverted);
    },
    say: (rate) => SAY.live(rate),
    ended: () => view.depth.film(undefined),
});
