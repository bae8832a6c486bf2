// @ts-check
// The page: wires pictures, gallery and experiments to the worker. It knows nothing of tensors; the worker does the computing.

import { channelsTab } from "./channels.js";
import { compare } from "./compare.js";
import { Cropper } from "./crop.js";
import { diagram } from "./diagram.js";
import { element, fillWords, make } from "./dom.js";
import { Drawer } from "./drawer.js";
import { Engine, Superseded } from "./engine.js";
import { Experiments } from "./experiments.js";
import { Gallery } from "./gallery.js";
import { Generate } from "./generate.js";
import { copyLink, saveSheet } from "./keep.js";
import { mixTab } from "./mix.js";
import { operateTab } from "./operate.js";
import { reencodeTab } from "./reencode.js";
import { refineTab } from "./refine.js";
import { fetchExample, listen } from "./source.js";
import { SIDES, read, usual, write } from "./state.js";
import { Views } from "./views.js";
import { SAY, problem } from "./words.js";

/** Lets the browser breathe: what the page does when it opens is more than one task may take. */
const breath = () => new Promise((resolve) => { setTimeout(resolve, 0); });

fillWords();
await breath();

const status = element("status");
const complaint = element("problem");
const progress = /** @type {HTMLProgressElement} */ (element("progress"));
const size = /** @type {HTMLSelectElement} */ (element("size"));

/** What the parts of the page share. */
export class Page {
    constructor() {
        this.state = read(location.hash);
        this.engine = new Engine(new URLSearchParams(location.search).get("device") ?? "auto");
        /** Names the picture of now: its source, square and side. */
        this.picture = "";
        this.hasPicture = false;
        /** How many workers there were. */
        this.workers = 0;
        /** The one of them that has the laboratory's picture. */
        this.lookedWith = 0;
        /** @type {[string, number, number][]} */
        this.shapes = [];
        /** @type {string[]} */
        this.classes = [];
        /** @type {import("./source.js").Source | undefined} */
        this.source = undefined;
        this.newest = 0;
        /** How many pictures are on their way, and the worker's number of the one that is there. */
        this.coming = 0;
        this.decoded = 0;
        /** What the status line says in each view. @type {Record<string, string>} */
        this.told = {};
        this.drawer = new Drawer(this);
        this.gallery = new Gallery(this);
        this.bench = new Experiments(this, (bench) => ({
            operate: operateTab(this, bench),
            channels: channelsTab(this, bench),
            mix: mixTab(this, bench),
            reencode: reencodeTab(this, bench),
            refine: refineTab(this, bench),
        }));
        this.cropper = new Cropper(() => this.retake());
        this.generate = new Generate(this);
        this.views = new Views(this);
    }

    /** Says how things stand in a view, whose line comes back with it. @param {string} text @param {string} [view] */
    tell(text, view = this.state.view) {
        this.told[view] = text;
        if (view === this.state.view) status.textContent = text;
    }

    /** What was said last in the view that is looked at. */
    retell() {
        this.tell(this.told[this.state.view] ?? "");
    }

    /** @param {string} kind @param {string} [detail] */
    complain(kind, detail = "") {
        complaint.textContent = problem(kind, detail);
        complaint.dataset.kind = kind;
        complaint.hidden = false;
        console.warn(`${kind}: ${detail}`);
    }

    /** Does something that a newer wish may cut short. @param {() => Promise<void>} work */
    async quietly(work) {
        try {
            await work();
        } catch (cause) {
            if (cause instanceof Superseded) return;
            const { kind, message } = /** @type {import("./failure.js").Failure} */ (cause);
            this.complain(kind ?? "unexpected", message);
            progress.hidden = true;
        }
    }

    /** @param {string} name @param {number} milliseconds */
    time(name, milliseconds) {
        this.drawer.time(name, milliseconds);
    }

    /** @param {number} index */
    className = (index) => this.classes[index] ?? String(index);

    /** Name, channels and grid of what a model inverts. @param {string} model @returns {[string, number, number]} */
    shapeOf(model) {
        const layer = model.replace(/-image$/, "");
        return this.shapes.find(([name]) => name === layer) ?? [layer, 1, 1];
    }

    /** @param {string} name */
    compare = (name) => compare(this.bench.cards(), name === "plain" || name === "hero" ? this.state.inverter : name);

    /** Keeps the state in the address, where a link takes it from. */
    remember() {
        history.replaceState(null, "", write(this.state));
    }

    /** A link to the page that is open already changes the hash alone, and the browser loads nothing anew. */
    async restore() {
        const { side } = this.state;
        // The same object: the parts of the page hold on to it.
        Object.assign(this.state, read(location.hash));
        size.value = String(this.state.side);
        this.views.mark();
        this.bench.restore();
        this.generate.restore();
        this.retell();
        if (!this.engine.ready || this.state.view !== "lab") return;
        if (this.lookedWith !== this.workers) await this.lookAtLab();
        else if (this.state.example && this.state.example !== this.source?.example) await this.takeExample(this.state.example);
        else if (side !== this.state.side) await this.retake();
        else this.bench.refresh();
    }

    /**
     * Another picture comes in, or the same one after a worker was lost: then what was complained of stays to be read.
     * @param {import("./source.js").Source} source @param {boolean} [again]
     */
    async take(source, again = false) {
        if (!again) complaint.hidden = true;
        this.newest += 1;
        this.coming += 1;
        this.tell(SAY.looking());
        await this.quietly(async () => {
            this.engine.forget();
            const { file, name } = source;
            const decoded = await this.engine.ask("decode", { slot: "a", file, name }, { lane: "decode a", urgency: 5 });
            // Though another one may be wished for by now: the worker holds this one, and the other may turn out to be no picture.
            this.decoded = decoded.picture;
            this.source = source;
            this.state.example = source.example;
            this.remember();
            this.time("decode", decoded.milliseconds);
            this.cropper.take(decoded);
            for (const each of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-example]"))) each.setAttribute("aria-pressed", String(each.dataset.example === source.example));
        });
        this.coming -= 1;
        await this.retake();
        this.settle();
    }

    /** @param {string} example */
    async takeExample(example) {
        complaint.hidden = true;
        await this.quietly(async () => this.take(await fetchExample(example), true));
    }

    /** The same picture, another square or side of it. While another picture comes nothing is worth a look. */
    async retake() {
        if (!this.decoded || this.coming || !this.engine.ready) return;
        const mine = this.newest;
        const { side } = this.state;
        await this.quietly(async () => {
            this.engine.forget();
            const shapes = this.engine.ask("layers", { side }, { lane: "layers", urgency: 5 });
            this.shapes = await shapes;
            if (mine !== this.newest) return;
            const crop = this.cropper.square();
            const taken = await this.engine.ask("take", { slot: "a", picture: this.decoded, crop, side }, { lane: "take a", urgency: 5 });
            if (mine !== this.newest) return;
            this.picture = `${mine} ${JSON.stringify(crop)} ${side} ${this.workers}`;
            this.hasPicture = true;
            this.bench.gone();
            this.gallery.show(taken);
            this.time("look", taken.milliseconds);
            diagram(this.shapes, side);
            this.bench.refresh();
            await this.gallery.fill();
        });
        this.settle();
    }

    /** `data-state` says whether anything is still to come; tests and screen readers wait for that. */
    settle() {
        setTimeout(() => {
            const busy = !this.engine.ready || this.engine.asked || this.engine.waiting.length;
            document.body.dataset.state = busy ? "working" : "done";
            if (busy) return setTimeout(() => this.settle(), 30);
            element("gallery").removeAttribute("aria-busy");
        }, 0);
    }

    /** @param {CustomEvent} event */
    async ready({ detail }) {
        progress.hidden = true;
        this.workers += 1;
        this.decoded = 0;
        document.body.dataset.device = detail.device;
        document.body.dataset.readyAfter ??= performance.now().toFixed(0);
        this.drawer.ready(detail);
        if (this.workers === 1) {
            this.gallery.build(detail.models);
            await breath();
            this.bench.build(detail.models);
            this.generate.offer(detail.models);
            const response = await fetch(new URL("classes.txt", import.meta.url));
            this.classes = (await response.text()).trim().split("\n");
        }
        this.generate.refresh();
        await this.lookAtLab();
    }

    /** The laboratory's picture is looked at when somebody sees the laboratory, once for each worker. */
    async lookAtLab() {
        if (this.state.view !== "lab" || this.lookedWith === this.workers) return;
        this.lookedWith = this.workers;
        if (this.source) await this.take(this.source, true);
        else await this.takeExample(this.state.example || usual().example);
    }

    start() {
        size.replaceChildren(...SIDES.map((side) => make("option", { value: side }, SAY.pixels(side))));
        size.value = String(this.state.side);
        size.addEventListener("change", () => {
            this.state.side = Number(size.value);
            this.remember();
            this.retake();
        });
        // Dropped or pasted, a picture is for the view that is looked at.
        listen((source) => (this.state.view === "generate" ? this.generate.encode(source) : this.take(source)), (example) => this.takeExample(example), (kind, detail) => this.complain(kind, detail));
        element("save-sheet").addEventListener("click", () => saveSheet(this.bench.cards()));
        element("copy-link").addEventListener("click", async () => {
            this.remember();
            this.tell(await copyLink(location.href, !this.state.example));
        });
        this.engine.addEventListener("progress", (event) => {
            const { name, done, total } = /** @type {CustomEvent} */ (event).detail;
            progress.hidden = done >= total;
            progress.max = total || 1;
            progress.value = done;
            this.tell(SAY.loading(name, done, total));
        });
        this.engine.addEventListener("ready", (event) => this.ready(/** @type {CustomEvent} */ (event)));
        this.engine.addEventListener("lost", (event) => {
            const { kind, detail } = /** @type {CustomEvent} */ (event).detail;
            this.complain(kind, detail);
            document.body.dataset.state = "loading";
        });
        this.engine.addEventListener("failed", (event) => {
            const { kind, detail } = /** @type {CustomEvent} */ (event).detail;
            this.complain(kind, detail);
            progress.hidden = true;
            document.body.dataset.state = "failed";
        });
        addEventListener("hashchange", () => this.restore());
        this.tell(SAY.starting());
        this.engine.start();
    }
}

const page = new Page();
/** For the tests, and for whoever looks with the console. */
Object.assign(window, { deepsim: page });
await breath();
page.start();
// Not on addresses without a certificate: there the page works, but only with a connection.
if ("serviceWorker" in navigator && isSecureContext) navigator.serviceWorker.register("./sw.js").catch((cause) => console.warn(`no offline use: ${cause}`));
