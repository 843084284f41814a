import { jsKernels } from './js-kernels.js';
import { describeKernels } from './kernels.contract.js';
import { describeScopes } from './scopes.contract.js';

describeKernels('jsKernels', async () => jsKernels);
describeScopes('jsKernels', async () => jsKernels);
