import { SinglePathError } from '../../core/errors.js';
import { LocalSession } from './local.js';
import { OnnxRuntimeSession } from './onnxruntime.js';
import type { DeviceSettings, Session } from './session.js';

/** Opens what measures on this machine. @throws SinglePathError what its session throws, `INVALID_ARGUMENT`. */
export async function openLocal(settings: DeviceSettings): Promise<Session> {
  const { runtime } = settings;
  switch (runtime) {
    case 'singlepath':
    case 'torchscript':
      return new LocalSession({ ...settings, runtime });
    case 'onnxruntime':
      return await OnnxRuntimeSession.open(settings);
    default:
      throw new SinglePathError(
        'INVALID_ARGUMENT',
        `Expected singlepath, torchscript or onnxruntime as runtime of this machine but received ${runtime}`,
      );
  }
}
