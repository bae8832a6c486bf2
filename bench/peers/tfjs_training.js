// @ts-check
// A training step in TensorFlow.js: features of fire3, the inverter that the view Train begins with, the image loss, Adam. The networks have random weights.

import { tensorflow } from "./tfjs.js";

const SIZE = 64;
const BATCH = 8;
const LEAK = 0.3;

/** @param {any} tf */
function networks(tf) {
    const kernel = (/** @type {number} */ side, /** @type {number} */ input, /** @type {number} */ output) => tf.randomNormal([side, side, input, output], 0, Math.sqrt(2 / (side * side * input)));
    const convolve = (/** @type {any} */ x, /** @type {any} */ weights, /** @type {any} */ bias, /** @type {any} */ padding, stride = 1) => x.conv2d(weights, stride, padding).add(bias);
    const fixed = (/** @type {number} */ side, /** @type {number} */ input, /** @type {number} */ output) => ({ weights: kernel(side, input, output), bias: tf.zeros([output]) });
    const trained = (/** @type {number} */ side, /** @type {number} */ input, /** @type {number} */ output) => ({ weights: tf.variable(kernel(side, input, output)), bias: tf.variable(tf.zeros([output])) });

    const first = fixed(3, 3, 64);
    const fires = [[64, 16, 64], [128, 16, 64]].map(([input, narrow, wide]) => ({ squeeze: fixed(1, input, narrow), one: fixed(1, narrow, wide), three: fixed(3, narrow, wide) }));
    const features = (/** @type {any} */ pictures) => {
        let x = convolve(pictures, first.weights, first.bias, "valid", 2).relu().maxPool(3, 2, "valid");
        for (const { squeeze, one, three } of fires) {
            const narrow = convolve(x, squeeze.weights, squeeze.bias, "valid").relu();
            x = tf.concat([convolve(narrow, one.weights, one.bias, "valid").relu(), convolve(narrow, three.weights, three.bias, "same").relu()], 3);
        }
        return x;
    };

    const head = trained(2, 128, 64);
    const blocks = [[64, 32], [32, 16]].map(([input, output]) => ({ narrow: trained(3, input, output), smooth: trained(3, output, output) }));
    const last = trained(3, 16, 3);
    const invert = (/** @type {any} */ x) => {
        x = convolve(x.pad([[0, 0], [1, 1], [1, 1], [0, 0]]), head.weights, head.bias, "valid").leakyRelu(LEAK);
        for (const { narrow, smooth } of blocks) {
            x = convolve(x, narrow.weights, narrow.bias, "same").leakyRelu(LEAK);
            const [, height, width] = x.shape;
            x = convolve(x.resizeNearestNeighbor([2 * height, 2 * width]), smooth.weights, smooth.bias, "same").leakyRelu(LEAK);
        }
        return convolve(x, last.weights, last.bias, "same");
    };
    return { features, invert };
}

/** Takes training steps with the image loss. @param {string} backend @param {number} threads */
export async function trainingStep(backend, threads) {
    const tf = await tensorflow(backend, threads);
    const { features, invert } = networks(tf);
    const optimizer = tf.train.adam(1e-3);
    const pictures = tf.randomUniform([BATCH, SIZE, SIZE, 3], -1, 1);
    return async () => {
        const loss = optimizer.minimize(() => tf.tidy(() => invert(features(pictures)).sub(pictures).square().mean().div(0.25)), true);
        const [value] = await loss.data();
        loss.dispose();
        if (!Number.isFinite(value)) throw new Error(`a loss of ${value}`);
        return new Uint8Array(4);
    };
}
