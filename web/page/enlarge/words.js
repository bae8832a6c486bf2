// @ts-check
// The words of the view Enlarge.

import { LOSSES } from "../common/words.js";

/** Text of the view's elements: `data-words` or `data-label` -> text. */
export const TEXTS = {
    "view-enlarge": "Enlarge",
    "title-enlarge": "Four times as large",
    "intro-enlarge": "A network that has learned from photographs adds the detail that enlargement lacks. It sees a few pixels around each one and paints sixteen in its place; the result is added to the bicubic enlargement.",
    "enlarge-heading": "Your picture, enlarged",
    "enlarge-help": "Move the slider, or drag across the picture, to compare two enlargements; the lens shows what is below the pointer. Tiles appear as they are done.",
    "enlarge-pick": "Choose a photo",
    "enlarge-webcam": "Use the webcam",
    "enlarge-examples": "Or take an example:",
    "enlarge-left": "Left",
    "enlarge-right": "Right",
    "enlarge-place": "Position of the boundary",
    "enlarge-go": "Enlarge",
    "enlarge-smaller": "Enlarge a smaller copy",
    "enlarge-cancel": "Cancel",
    "enlarge-save": "Save the right one",
    "enlarge-progress": "Tiles done",
    "enlarge-how": "How this works",
    "enlarge-network": "All convolutions work at the small size: one before and one after four residual blocks, then one that gives 48 numbers for each pixel, the 16 pixels in its place in three colours. Trained by comparing pixels, the network paints the mean of what might be there; with DeePSiM, features and an adversary, it paints edges.",
};

/** Sentences with values in them. */
export const SAY = {
    layer: (/** @type {string} */ loss) => (loss ? LOSSES[loss] ?? loss : "bicubic"),
    size: (/** @type {number} */ width, /** @type {number} */ height) => `${width} x ${height} pixels become ${4 * width} x ${4 * height}.`,
    expected: (/** @type {number} */ seconds) => `This will take about ${seconds < 100 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} minutes`}.`,
    tooLarge: (/** @type {number} */ width, /** @type {number} */ height, /** @type {number} */ most) => `A picture of ${width} x ${height} pixels is too large to be enlarged here. A copy of ${most} pixels on its longer side can be enlarged instead.`,
    working: (/** @type {number} */ done, /** @type {number} */ all) => `${done} of ${all} tiles`,
    done: (/** @type {number} */ milliseconds) => `Done in ${(milliseconds / 1000).toFixed(1)} s.`,
    cancelled: () => "Cancelled.",
    layers: { photo: "photo", first: "features", blocks: "4 blocks", numbers: "numbers", large: "enlarged" },
    network: "The network: the photo, features at its size, four residual blocks, 48 numbers for each pixel, the picture four times as large",
    canvas: (/** @type {string} */ layer) => `The picture enlarged: ${layer}`,
};
