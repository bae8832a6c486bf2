// @ts-check
// Which device computes, and noticing its loss.

/** @type {GPUDevice | undefined} */
let gpuDevice;

/**
 * Remembers the device that wasm asks the browser for, so that its loss is noticed: wasm would see it only at its next read.
 * @param {(detail: string) => void} lost
 */
export function watchDevice(lost) {
    const requestDevice = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (descriptor) {
        const device = await requestDevice.call(this, descriptor);
        gpuDevice = device;
        device.lost.then((info) => lost(info.message));
        return device;
    };
}

export function loseDevice() {
    gpuDevice?.destroy();
}

/**
 * Whether to use WebGPU, and if not, why: `kind` names the words.
 * @param {string} wanted
 * @returns {Promise<{use: boolean, name: {kind: string, detail: string}}>}
 */
export async function chooseDevice(wanted) {
    const cpu = (/** @type {string} */ kind) => ({ use: false, name: { kind, detail: "" } });
    if (wanted === "cpu") return cpu("cpu-asked");
    const gpu = /** @type {any} */ (navigator).gpu;
    const adapter = gpu ? await gpu.requestAdapter().catch(() => null) : null;
    if (!adapter) return cpu("cpu-no-webgpu");
    const info = adapter.info ?? {};
    const software = adapter.isFallbackAdapter ?? info.isFallbackAdapter ?? false;
    const detail = [info.vendor, info.architecture, info.description].filter(Boolean).join(" ") || "GPU";
    // A software adapter computes on the processor too, and slower than wasm does.
    if ((software || /swiftshader|llvmpipe/i.test(detail)) && wanted !== "webgpu") return cpu("cpu-no-gpu");
    return { use: true, name: { kind: "webgpu", detail } };
}
