// @ts-check
// The words of the view Generate.

/** Text of the view's elements: `data-words` or `data-label` -> text. */
export const TEXTS = {
    "view-generate": "Generate",
    "title-generate": "What pictures does a network make?",
    "intro-generate": "Three networks make pictures of random numbers. Two are variational autoencoders, which decode a short list of numbers, a code: one learned by comparing pixels alone, the other with DeePSiM, which also compares features and has an adversary. The third, LAPGAN, goes from a coarse picture to finer ones, with an adversary at each step. It can begin with a code, too: then it makes the detail of an autoencoder's pictures anew.",
    drawn: "Samples",
    "drawn-help": "Both autoencoders begin with the same random numbers and were trained alike but for the loss; each draws codes like those of its training pictures. Compare edges and plain colours. LAPGAN begins with the codes of the autoencoder trained with DeePSiM, so that its squares show the same things with clearer detail, or with random numbers of its own (below). Choose a square to change its code, and to see how LAPGAN's picture grew.",
    pictures: "Pictures of",
    "sheet-seed": "Seed",
    "sheet-next": "Another sheet",
    "save-drawn": "Save the sheets as one picture",
    moved: "Change a code",
    "cell-again": "Draw this square again",
    encode: "Encode a picture of your own",
    "walk-help": "Interpolate from the chosen square to another: in between are pictures that are a little of both.",
    "walk-to": "Interpolate to",
    way: "Position",
    "moves-help": "The codes of the training pictures vary most along these directions, the first one most of all. The square pad changes the first two at once. Look for what a direction stands for, such as colour, size or a face.",
    "moves-reset": "Reset the directions",
    pyramid: "From coarse to fine",
    "pyramid-help": "From random numbers, LAPGAN makes an 8-pixel picture first. From a code, the autoencoder makes the coarse picture: its own, reduced to half the side. Each further network sees the picture enlarged, and random numbers, and makes a residual: the detail that the enlarged picture lacks (drawn around grey, twice as strong). Their sum goes to the next. Draw one level again: what is coarser stays, what is finer follows.",
    "pyramid-begins": "Begin with",
    "pyramid-class": "Class",
    "pyramid-grow": "Watch it grow",
    "pyramid-save": "Save the picture",
    "vae-how": "How this works",
    "vae-codes": "An encoder maps each training picture to a normal distribution over a few numbers (128 for the emoji, 32 for the clothes), and a decoder makes a picture of a sample from it. Training keeps the codes close to the standard normal distribution. What is drawn here comes from a mixture of normal distributions that was then fitted to the codes of all training pictures, so that a draw is a valid code.",
    "vae-losses": "With the image loss a picture and its reconstruction are compared pixel by pixel, so the decoder paints the mean of all possible pictures, which is blurry. DeePSiM compares them in the features of SqueezeNet, and an adversary tells decoded pictures from real ones: the decoder paints edges, even where the original had others.",
    "lapgan-how": "LAPGAN itself has no encoder. At each level a discriminator learns to tell real pictures from made ones, and a generator learns to deceive it. A level is easy, since it only adds detail to a given coarse picture, and each is trained on its own. The finer levels here are also compared with the real picture in pixels and in features, as in DeePSiM.",
};

/** What autoencoders make pictures of. @type {Record<string, string>} */
export const PICTURES = { emoji: "Emoji", fashion: "Clothes (Fashion-MNIST)" };

/** Sentences with values in them. */
export const SAY = {
    anyClass: () => "any",
    begins: (/** @type {"code" | "noise"} */ what) => ({ code: "a code (DeePSiM)", noise: "random numbers" })[what],
    detailed: () => "LAPGAN from codes",
    level: (/** @type {number} */ side) => `${side} pixels`,
    redrawLevel: () => "Draw this level again",
    redrawLevelOf: (/** @type {number} */ side) => `Draw this level again: ${side} pixels`,
    part: (/** @type {"under" | "residual" | "sum"} */ part, /** @type {number} */ side) => ({ under: `Enlarged to ${side} pixels`, residual: `Residual of ${side} pixels`, sum: `Picture of ${side} pixels` })[part],
    partShort: (/** @type {"under" | "residual" | "sum"} */ part, /** @type {boolean} */ first) => ({ under: "enlarged", residual: "+ residual", sum: first ? "picture" : "= picture" })[part],
    cell: (/** @type {number} */ place) => `square ${place + 1}`,
    drawn: (/** @type {number} */ place, /** @type {string} */ loss) => `Square ${place + 1}, ${loss}`,
    chosen: (/** @type {number} */ place) => `Square ${place + 1} is chosen.`,
    chosenOwn: (/** @type {string} */ name) => `${name} was encoded: below is its decoded picture. It never leaves this machine.`,
    direction: (/** @type {number} */ place) => `Direction ${place + 1}`,
    deviations: (/** @type {number} */ amount) => (amount ? `${amount > 0 ? "+" : "−"}${Math.abs(amount).toFixed(1)} deviations` : "0"),
    pad: (/** @type {number} */ across, /** @type {number} */ down) => `Two directions at once; arrow keys move. Direction 1: ${across.toFixed(1)}, direction 2: ${down.toFixed(1)} deviations`,
    made: (/** @type {number} */ count, /** @type {number} */ milliseconds) => `${count} pictures in ${(milliseconds / 1000).toFixed(1)} s.`,
};
