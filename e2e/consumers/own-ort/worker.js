import { InferenceSession } from 'onnxruntime-web/webgpu';
import 'nearshore/worker';

// The app's own models would be run here.
globalThis.createSession = InferenceSession.create;
