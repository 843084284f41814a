import { describeKernels } from './kernels.contract.js';
import { describeScopes } from './scopes.contract.js';
import { simdKernels } from './simd-kernels.js';

describeKernels('simdKernels in a browser', async () => simdKernels()!);
describeScopes('simdKernels in a browser', async () => simdKernels()!);
