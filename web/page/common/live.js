// @ts-check
// The webcam, frame by frame, for a view that makes something of each. It ends with its button, with another view, and when the page is hidden.

import { make } from "./dom.js";

/** Frames that the rate is the mean of. */
const COUNTED = 8;

/**
 * What a view does with the webcam.
 * @typedef {object} Use
 * @property {string} view the view's name
 * @property {HTMLElement} begin the button that begins
 * @property {HTMLElement} end the button that ends
 * @property {(video: HTMLVideoElement) => Promise<ImageBitmap>} take takes a frame
 * @property {(frame: ImageBitmap, isWanted: () => boolean) => Promise<void>} show makes something of the frame, and shows it if that is still wanted
 * @property {(rate: number, isMean: boolean) => string} say tells the frames a second; `isMean`: so many that their mean says something
 * @property {() => void} [ended] when the webcam has ended
 */

export class Live {
    /** @param {import("./page.js").Page} page @param {Use} use */
    constructor(page, use) {
        this.page = page;
        this.use = use;
        /** @type {MediaStream | undefined} */
        this.stream = undefined;
        use.begin.addEventListener("click", () => this.begin());
        use.end.addEventListener("click", () => this.end());
        document.addEventListener("visibilitychange", () => { if (document.hidden) this.end(); });
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
        this.use.begin.hidden = true;
        this.use.end.hidden = false;
        video.srcObject = this.stream;
        await video.play();
        await this.page.runCancellable(() => this.run(video, /** @type {MediaStream} */ (this.stream)));
        this.end();
    }

    /** Shows frames until the stream ends or another view is shown. @param {HTMLVideoElement} video @param {MediaStream} stream */
    async run(video, stream) {
        const { use } = this;
        const isWanted = () => this.stream === stream && this.page.state.view === use.view;
        /** When the newest frames were done. @type {number[]} */
        const times = [performance.now()];
        while (isWanted()) {
            const frame = await use.take(video);
            await use.show(frame, isWanted);
            frame.close();
            if (!isWanted()) return;
            times.push(performance.now());
            if (times.length > COUNTED + 1) times.shift();
            const rate = ((times.length - 1) / (times[times.length - 1] - times[0])) * 1000;
            this.page.setStatus(use.say(rate, times.length > COUNTED), use.view);
            document.body.dataset.liveFrames = String(Number(document.body.dataset.liveFrames ?? 0) + 1);
        }
    }

    end() {
        if (!this.stream) return;
        for (const track of this.stream.getTracks()) track.stop();
        this.stream = undefined;
        this.use.begin.hidden = false;
        this.use.end.hidden = true;
        this.use.ended?.();
    }
}
