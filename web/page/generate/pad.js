// @ts-check
// A square pad that moves a code along two directions at once: by mouse, finger or arrow keys.

import { element } from "../common/dom.js";
import { SAY } from "./words.js";

const pad = element("pad");
const knob = element("knob");

/** Deviations from the middle to the edge. */
const REACH = 3;
const clamp = (/** @type {number} */ value) => Math.min(REACH, Math.max(-REACH, value));

export class Pad {
    /** @param {(across: number, down: number) => void} moved in deviations */
    constructor(moved) {
        this.moved = moved;
        this.across = this.down = 0;
        pad.addEventListener("pointerdown", (event) => {
            pad.setPointerCapture(event.pointerId);
            this.point(event);
        });
        pad.addEventListener("pointermove", (event) => { if (event.buttons & 1) this.point(event); });
        pad.addEventListener("keydown", (event) => {
            const step = event.shiftKey ? 0.1 : 0.5;
            /** @type {Record<string, [number, number]>} */
            const keys = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
            const by = keys[event.key];
            if (!by) return;
            event.preventDefault();
            this.moved(clamp(this.across + by[0]), clamp(this.down + by[1]));
        });
    }

    /** @param {PointerEvent} event */
    point(event) {
        const { left, top, width, height } = pad.getBoundingClientRect();
        const along = (/** @type {number} */ at, /** @type {number} */ start, /** @type {number} */ length) => clamp(((at - start) / length) * 2 * REACH - REACH);
        this.moved(along(event.clientX, left, width), along(event.clientY, top, height));
    }

    /** @param {number} across @param {number} down */
    show(across, down) {
        Object.assign(this, { across, down });
        knob.setAttribute("cx", String(50 + (across / REACH) * 50));
        knob.setAttribute("cy", String(50 + (down / REACH) * 50));
        pad.setAttribute("aria-label", SAY.pad(across, down));
    }
}
