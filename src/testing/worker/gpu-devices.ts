/** The part of WebGPU that is needed; typescript has no types of it. */
interface GpuDevice {
  destroy(): void;
}
interface GpuAdapterClass {
  prototype: { requestDevice(...args: unknown[]): Promise<GpuDevice> };
}

/** Remembers the GPU devices of this scope. Returns what destroys them all: a real loss of the device. */
export function recordGpuDevices(): () => void {
  const devices = new Set<GpuDevice>();
  const { GPUAdapter } = globalThis as { GPUAdapter?: GpuAdapterClass };
  if (GPUAdapter !== undefined) {
    const { requestDevice } = GPUAdapter.prototype;
    GPUAdapter.prototype.requestDevice = async function (...args) {
      const device = await requestDevice.apply(this, args);
      devices.add(device);
      return device;
    };
  }
  return () => {
    for (const device of devices) device.destroy();
    devices.clear();
  };
}
