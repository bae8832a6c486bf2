// @ts-check
// Connections over which nothing arrives any more.

/** Milliseconds without a byte after which a download counts as stalled. Longer than the 20 s for which Chromium lets a request wait for another one of the same file. */
export const LONGEST_SILENCE = 30_000;

/** Calls a function once nothing has been heard for long. */
export class Silence {
    /** @param {() => void} then */
    constructor(then) {
        this.then = then;
        this.heard();
    }

    /** Something arrived. */
    heard() {
        this.end();
        this.timer = setTimeout(this.then, LONGEST_SILENCE);
    }

    end() {
        clearTimeout(this.timer);
    }
}
