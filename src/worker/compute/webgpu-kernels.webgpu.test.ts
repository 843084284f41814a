import { expect, it } from 'vitest';
import { describeKernels } from './kernels.contract.js';
import type { Kernels } from './kernels.js';
import { describeScopes } from './scopes.contract.js';
import { webGpuKernels } from './webgpu-kernels.js';

// On SwiftShader, which computes as a GPU does, but on the CPU.

let made: Promise<Kernels> | undefined;
const load = () => (made ??= webGpuKernels({ allowSoftware: true }).then(({ kernels }) => kernels));

describeKernels('WebGpuKernels', load);
describeScopes('WebGpuKernels', load);

it('K11 a software adapter is refused unless asked for', async () => {
  await expect(webGpuKernels({})).rejects.toMatchObject({ name: 'WebGpuError', failure: 'software' });
});
