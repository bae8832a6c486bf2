// @ts-check
// The words of the view Restyle.

/** Text of the view's elements: `data-words` or `data-label` -> text. */
export const TEXTS = {
    "view-restyle": "Restyle",
    "title-restyle": "Your photo, painted",
    "intro-restyle": "A network that was trained with the features of another one paints your photo in the style of a picture. One network knows all of these styles, and mixes them.",
    "restyle-heading": "Paint your picture",
    "restyle-pick": "Choose a photo",
    "restyle-webcam": "Use the webcam",
    "restyle-examples": "Or take an example:",
    "restyle-live": "Live webcam",
    "restyle-live-end": "End the live webcam",
    "restyle-styles": "Styles",
    "restyle-styles-help": "Choose a style, or mix several with their sliders.",
    "restyle-strength": "Strength",
    "restyle-size": "Size",
    "restyle-size-help": "The longer side, in pixels. Strokes keep their size in pixels, so that they are finer in a larger picture.",
    "restyle-colours": "Keep the colours of the photo",
    "restyle-save": "Save at full size",
    "restyle-save-shown": "Save what is shown",
    "restyle-cancel": "Cancel",
    "restyle-progress": "Painted so far",
    "restyle-how": "How this works",
    "restyle-network": "The network halves the picture twice, changes it in five residual blocks and doubles it again. Each layer brings its channels to one mean and one contrast, and a style is the new contrast and the new mean of each channel. The loss compares features of SqueezeNet: those of the photo for the content, and how often features occur together (Gram matrices) for the style.",
};

/** Names of the styles that the project ships. @type {Record<string, string>} */
const STYLES = {
    composition_vii: "Composition VII (Kandinsky, 1913)",
    starry_night: "The Starry Night (van Gogh, 1889)",
    the_scream: "The Scream (Munch, 1893)",
    wave: "The Great Wave (Hokusai, about 1831)",
    mosaic: "Mosaic",
    pencil: "Pencil",
};

/** Sentences with values in them. */
export const SAY = {
    style: (/** @type {string} */ name) => STYLES[name] ?? name.replaceAll("_", " "),
    weight: (/** @type {string} */ name) => `Weight of ${SAY.style(name)}`,
    percent: (/** @type {number} */ value) => `${Math.round(value)} %`,
    size: (/** @type {number} */ size) => `${size} pixels`,
    canvas: (/** @type {string[]} */ styles) => `The picture painted as ${styles.join(" and ")}`,
    painting: () => "Painting…",
    done: (/** @type {number} */ width, /** @type {number} */ height, /** @type {number} */ milliseconds) => `Painted ${width} x ${height} pixels in ${milliseconds.toFixed(0)} ms.`,
    saving: (/** @type {number} */ share, /** @type {number} */ seconds) => `Painting the full size: ${Math.round(share * 100)} %, about ${seconds < 100 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} minutes`} left.`,
    saved: (/** @type {number} */ width, /** @type {number} */ height) => `Saved ${width} x ${height} pixels.`,
    cancelled: () => "Cancelled.",
    live: (/** @type {number} */ rate) => `Live: ${rate.toFixed(1)} frames a second.`,
    slow: (/** @type {number} */ rate) => `Live, but this device manages only ${rate.toFixed(1)} frames a second at 256 pixels. A device with a GPU is faster.`,
    layers: { photo: "photo", half: "1/2", quarter: "1/4", blocks: "5 blocks", painting: "painting" },
    network: "The network: the photo, two layers that halve it, five residual blocks, two layers that double it, the painting",
};
