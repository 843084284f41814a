import { jsKernels } from './js-kernels.js';
import { describeKernels } from './kernels.contract.js';

describeKernels('jsKernels', async () => jsKernels);
