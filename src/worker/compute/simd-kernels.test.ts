import { describeKernels } from './kernels.contract.js';
import { describeScopes } from './scopes.contract.js';
import { simdKernels } from './simd-kernels.js';

describeKernels('simdKernels', async () => simdKernels()!);
describeScopes('simdKernels', async () => simdKernels()!);
