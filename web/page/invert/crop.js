// @ts-check
// The square of the picture that is inverted: dragged and zoomed by mouse, finger or keyboard.

import { element } from "../common/dom.js";

const canvas = /** @type {HTMLCanvasElement} */ (element("crop"));
const zoom = /** @type {HTMLInputElement} */ (element("zoom"));

/** Milliseconds without a change before the square is taken. */
const PAUSE = 120;

export class Cropper {
    /** @param {() => void} changed */
    constructor(changed) {
        this.changed = changed;
        /** @type {ImageBitmap | undefined} */
        this.preview = undefined;
        this.width = this.height = 1;
        this.x = this.y = 0.5;
        zoom.addEventListener("input", () => this.move(0, 0));
        canvas.addEventListener("wheel", (event) => {
            event.preventDefault();
            this.zoomBy(event.deltaY < 0 ? 1.1 : 1 / 1.1);
        }, { passive: false });
        canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
        canvas.addEventListener("pointermove", (event) => {
            if (event.buttons & 1) this.move(-event.movementX / canvas.clientWidth, -event.movementY / canvas.clientHeight);
        });
        canvas.addEventListener("keydown", (event) => this.key(event));
    }

    /** @param {KeyboardEvent} event */
    key(event) {
        const step = event.shiftKey ? 0.02 : 0.1;
        /** @type {Record<string, () => void>} */
        const keys = {
            ArrowLeft: () => this.move(-step, 0),
            ArrowRight: () => this.move(step, 0),
            ArrowUp: () => this.move(0, -step),
            ArrowDown: () => this.move(0, step),
            "+": () => this.zoomBy(1.1),
            "-": () => this.zoomBy(1 / 1.1),
            "0": () => this.reset(),
        };
        if (!keys[event.key] || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        keys[event.key]();
    }

    /** Shows another picture and its middle square. @param {{width: number, height: number, preview: ImageBitmap}} picture */
    open({ width, height, preview }) {
        this.preview?.close();
        Object.assign(this, { width, height, preview });
        this.x = this.y = 0.5;
        zoom.value = "1";
        this.draw();
    }

    reset() {
        this.x = this.y = 0.5;
        zoom.value = "1";
        this.move(0, 0);
    }

    /** @param {number} factor */
    zoomBy(factor) {
        zoom.value = String(Number(zoom.value) * factor);
        this.move(0, 0);
    }

    /** Moves by shares of the square. @param {number} right @param {number} down */
    move(right, down) {
        const { size } = this.square();
        const within = (/** @type {number} */ middle, /** @type {number} */ length) => Math.min(Math.max(middle, size / 2 / length), 1 - size / 2 / length);
        this.x = within(this.x + (right * size) / this.width, this.width);
        this.y = within(this.y + (down * size) / this.height, this.height);
        this.draw();
        clearTimeout(this.timer);
        this.timer = setTimeout(this.changed, PAUSE);
    }

    /** In pixels of the picture. */
    square() {
        const size = Math.min(this.width, this.height) / Number(zoom.value);
        return { left: this.x * this.width - size / 2, top: this.y * this.height - size / 2, size };
    }

    draw() {
        if (!this.preview) return;
        const { left, top, size } = this.square();
        const scale = this.preview.width / this.width;
        canvas.getContext("2d")?.drawImage(this.preview, left * scale, top * scale, size * scale, size * scale, 0, 0, canvas.width, canvas.height);
    }
}
