// @ts-check
// The worker's side of the view Train: commands.js describes the arguments.

import { Failure, failingAs } from "../common/failure.js";
import { decode, pixelsOf } from "../worker/pixels.js";
import { ENCODER, wasm, wasmLibrary, withModel } from "../worker/session.js";

/** @param {{rgba: Uint8Array, pictureError: number, featureError: number}} progress */
const plain = ({ rgba, pictureError, featureError }) => ({ rgba, pictureError, featureError });

/** @type {import("../common/commands.js").Functions} */
export const FUNCTIONS = {
    async "train-decode"({ file, name, side }) {
        const whole = await decode(file, name);
        const scale = side / Math.min(whole.width, whole.height);
        const [resizeWidth, resizeHeight] = [whole.width, whole.height].map((length) => Math.max(1, Math.round(length * scale)));
        const bitmap = scale < 1 ? await createImageBitmap(whole, { resizeWidth, resizeHeight, resizeQuality: "high" }) : whole;
        const { width, height } = bitmap;
        const rgba = await failingAs("too-big", () => pixelsOf(bitmap, 0, 0, width, height));
        for (const each of new Set([whole, bitmap])) each.close();
        return { rgba, width, height };
    },
    "train-pictures": ({ name }) => wasm().beginPictures(name),
    "train-picture": ({ rgba, width, height, heldOut }) => wasm().addPicture(rgba, width, height, heldOut),
    async "train-begin"({ run, options, model, file }) {
        const begin = (/** @type {Uint8Array} */ bytes) => wasm().beginRun(run, JSON.stringify(options), bytes);
        if (file) await failingAs("not-a-model", () => begin(file));
        else if (model) await withModel(model, begin);
        else await begin(new Uint8Array());
    },
    "train-restore": ({ run, saved }) => failingAs("not-restored", () => wasm().restoreRun(run, saved)),
    async "train-step"({ run, weights: { image, feature, adversarial }, rate }) {
        return { report: JSON.parse(await wasm().trainStep(run, image, feature, adversarial, rate)) };
    },
    "train-measure": async ({ run }) => plain(await wasm().measureRun(run)),
    "train-held-out": async ({ run }) => plain(await wasm().heldOut(run)),
    "train-export": ({ run }) => wasm().exportRun(run),
    "train-save": ({ run }) => wasm().saveRun(run),
    async "train-self-test"() {
        await withModel(ENCODER, (bytes) => wasm().trainingSelfTest(bytes)).catch((cause) => { throw new Failure("self-test", cause); });
    },
    "train-about": ({ file }) => failingAs("not-a-model", () => JSON.parse(wasmLibrary().aboutInverter(file))),
};
