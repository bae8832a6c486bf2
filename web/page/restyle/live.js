// @ts-check
// The webcam, painted frame by frame.

import { element, make } from "../common/dom.js";
import { SAY } from "./words.js";

/** Longer side of a frame, pixels. */
const SIDE = 256;
/** Frames a second below which the page says that the device is slow. */
const ENOUGH = 5;
/** Frames that the rate is the mean of. */
const COUNTED = 8;

const begin = element("restyle-live");
const end = element("restyle-live-end");

export class Live {
    /** @param {import("../common/page.js").Page} page @param {{model: string, weights: () => number[]}} view @param {(pair: import("./blend.js").Pair) => void} draw */
    constructor(page, view, draw) {
        this.page = page;
        this.view = view;
        this.draw = draw;
        /** @type {MediaStream | undefined} */
        this.stream = undefined;
        begin.addEventListener("click", () => this.begin());
        end.addEventListener("click", () => this.end());
    }

    runs() {
        return this.stream !== undefined;
    }

    async begin() {
        this.end();
        const video = make("video", { autoplay: true, playsInline: true, muted: true });
        try {
            this.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" } });
        } catch (cause) {
            this.page.showError("no-webcam", String(cause));
            return;
        }
        begin.hidden = true;
        end.hidden = false;
        video.srcObject = this.stream;
        await video.play();
        await this.page.runCancellable(() => this.paint(video, /** @type {MediaStream} */ (this.stream)));
        this.end();
    }

    /** Paints frames until the stream ends or another view is shown. @param {HTMLVideoElement} video @param {MediaStream} stream */
    async paint(video, stream) {
        /** When the newest frames were done. @type {number[]} */
        const times = [performance.now()];
        while (this.stream === stream && this.page.state.view === "restyle") {
            const scale = SIDE / Math.max(video.videoWidth, video.videoHeight);
            const side = (/** @type {number} */ length) => Math.max(4, Math.round((length * scale) / 4) * 4);
            const frame = await createImageBitmap(video, { resizeWidth: side(video.videoWidth), resizeHeight: side(video.videoHeight), resizeQuality: "medium" });
            const painted = await this.page.engine.ask("frame", { name: this.view.model, frame, weights: this.view.weights() }, { lane: "frame", urgency: 1 });
            frame.close();
            if (this.stream !== stream) return;
            this.draw(painted);
            times.push(performance.now());
            if (times.length > COUNTED + 1) times.shift();
            const rate = ((times.length - 1) / (times[times.length - 1] - times[0])) * 1000;
            this.page.setStatus(times.length <= COUNTED || rate >= ENOUGH ? SAY.live(rate) : SAY.slow(rate), "restyle");
            document.body.dataset.liveFrames = String(Number(document.body.dataset.liveFrames ?? 0) + 1);
        }
    }

    end() {
        for (const track of this.stream?.getTracks() ?? []) track.stop();
        this.stream = undefined;
        begin.hidden = false;
        end.hidden = true;
    }
}
